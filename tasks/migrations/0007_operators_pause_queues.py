"""Let the Operators of an existing site pause queues and start jobs: new sites' groups are made with all permissions."""

from django.db import migrations

NEW = {
    "pause_queue": ("queuepause", "Can pause and resume queues"),
    "start_system_job": ("task", "Can start jobs of the site's own"),
}


def grant(apps, _schema_editor):
    operators = apps.get_model("auth", "Group").objects.filter(name="Operators", permissions__codename="fail_task")
    for group in operators.distinct():
        for codename, (model, name) in NEW.items():
            content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
                app_label="tasks", model=model
            )
            permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": name}
            )
            group.permissions.add(permission)


class Migration(migrations.Migration):

    acknowledged = {"RunPython grant": "old code has no buttons that ask for these permissions"}

    dependencies = [
        ('tasks', '0006_queue_pauses'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
