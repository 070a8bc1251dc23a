"""Make room for checkpoints, and for tasks of the site's own, which have no member."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def remove_system_tasks(apps, schema_editor):
    """Remove the tasks without a member on the way back: the previous release has no place for them."""
    apps.get_model("tasks", "Task").objects.filter(user=None).delete()
    # PostgreSQL alters no table for which checks of references are pending.
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):

    acknowledged = {
        "AlterField task.user": "old code leaves alone what it does not know, and knows no job without a member",
        "RunPython noop": "it works on the way back only",
        "AddConstraint task.one_active_system_task": "old code makes no tasks without a member",
    }

    dependencies = [
        ('tasks', '0002_permissions_and_log'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='checkpoint',
            field=models.JSONField(blank=True, null=True, verbose_name='checkpoint'),
        ),
        migrations.AlterField(
            model_name='task',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tasks', to=settings.AUTH_USER_MODEL, verbose_name='member'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['queued', 'running']), ('user__isnull', True)), fields=('name',), name='one_active_system_task'),
        ),
        migrations.RunPython(migrations.RunPython.noop, remove_system_tasks),
    ]
