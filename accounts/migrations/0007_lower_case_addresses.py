"""Write the addresses of earlier releases in lower case: with capitals, password reset and sign-in found no account.

Nothing is deleted. An address stays as it is where its lower-case form is taken: in User, for letters beyond ASCII, whose
case the databases' unique index may not know; in EmailAddress, if another account has confirmed it.
"""

import logging

from django.db import IntegrityError, migrations, transaction

logger = logging.getLogger(__name__)


def lower_addresses(apps, schema_editor):
    alias = schema_editor.connection.alias
    User = apps.get_model("accounts", "User").objects.using(alias)
    EmailAddress = apps.get_model("account", "EmailAddress").objects.using(alias)
    for pk, email in with_capitals(EmailAddress):
        merge_twin(EmailAddress, EmailAddress.get(pk=pk), email.lower())
    left = [row for rows in (User, EmailAddress) for row in lowered(rows)]
    if left:
        logger.warning("Left as they are, because others have them in lower case: %s", ", ".join(left))


def with_capitals(rows):
    """Return (key, address) of the rows to change; the databases' LOWER may know ASCII alone, allauth's does not."""
    addresses = rows.values_list("pk", "email").order_by("pk").iterator(chunk_size=10_000)
    return [(pk, email) for pk, email in addresses if email and email != email.lower()]


def merge_twin(rows, row, email):
    """Let the lower-case twin in the same account be what the row is."""
    twin = rows.filter(user=row.user_id, email=email).first()
    if twin is None:
        return
    if row.verified and not rows.filter(email=email, verified=True).exists():
        rows.filter(pk=twin.pk).update(verified=True)
    if row.primary:
        rows.filter(pk=row.pk).update(primary=False)
        rows.filter(pk=twin.pk).update(primary=True)


def lowered(rows):
    """Change the rows; yield which ones cannot be."""
    for pk, email in with_capitals(rows):
        try:
            with transaction.atomic(using=rows.db):
                rows.filter(pk=pk).update(email=email.lower())
        except IntegrityError:
            yield f"{rows.model._meta.label} {pk}"


class Migration(migrations.Migration):

    acknowledged = {
        "RunPython lower_addresses": "old code finds an address in lower case wherever it found one with capitals, "
        "and a million members take seconds"
    }

    dependencies = [
        ("accounts", "0006_browser_time_zone"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(lower_addresses, migrations.RunPython.noop, elidable=True)]
