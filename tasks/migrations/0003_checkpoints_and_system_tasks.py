"""Make room for checkpoints, and for tasks of the site's own, which have no member."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    acknowledged = {
        "AlterField task.user": "old code leaves alone what it does not know, and knows no job without a member",
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
    ]
