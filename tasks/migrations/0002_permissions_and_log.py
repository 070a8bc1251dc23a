"""Let permissions and the administration's log follow the models of background jobs from `exports`."""

from django.db import migrations

MODELS = {"task": "task", "taskevent": "taskevent", "housekeeping": "housekeeping", "tally": "counter"}
"""The name in `exports` and that in `tasks`."""


def move(apps, _schema_editor):
    """Rename the content types: permissions, roles and log entries point to their rows, which stay."""
    for old, new in MODELS.items():
        _rename(apps, ("exports", old), ("tasks", new))


def move_back(apps, _schema_editor):
    for old, new in MODELS.items():
        _rename(apps, ("tasks", new), ("exports", old))


def _rename(apps, old, new):
    content_types = apps.get_model("contenttypes", "ContentType").objects
    if content_types.filter(app_label=new[0], model=new[1]).exists():
        return
    content_types.filter(app_label=old[0], model=old[1]).update(app_label=new[0], model=new[1])
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label=new[0], content_type__model=new[1]
    )
    if old[1] != new[1]:
        for action in ("add", "change", "delete", "view"):
            renamed = {"codename": f"{action}_{new[1]}", "name": f"Can {action} {new[1]}"}
            permissions.filter(codename=f"{action}_{old[1]}").update(**renamed)


class Migration(migrations.Migration):

    # Old code makes the content types again when it needs them; staff may lack its buttons until it is gone.
    acknowledged = {"RunPython move": "old code finds its permissions under no name, and offers its buttons to superusers only"}

    dependencies = [
        ('tasks', '0001_tasks_of_exports'),
        ('exports', '0017_tasks_moved'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.RunPython(move, move_back),
    ]
