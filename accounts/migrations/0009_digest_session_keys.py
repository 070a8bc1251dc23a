"""Replace the session keys that releases before 1.0 stored as they are by their digests."""

from hashlib import sha256

from django.db import migrations


def digest_keys(apps, schema_editor):
    """Digest every key that is not a digest yet; the session stays signed in."""
    rows = apps.get_model("accounts", "Session").objects.using(schema_editor.connection.alias)
    for key in list(rows.exclude(session_key__startswith="#").values_list("pk", flat=True)):
        rows.filter(pk=key).update(session_key="#" + sha256(key.encode()).hexdigest()[:39])


class Migration(migrations.Migration):

    acknowledged = {
        "RunPython digest_keys": "old code looks for a session by its key and by its digest, "
        "and digests all keys itself within an hour"
    }

    dependencies = [
        ("accounts", "0008_names"),
    ]

    operations = [migrations.RunPython(digest_keys, migrations.RunPython.noop, elidable=True)]
