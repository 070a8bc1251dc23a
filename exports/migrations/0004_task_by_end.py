"""The index by which the housekeeping finds the tasks that were over long ago."""

from django.db import migrations, models


class Migration(migrations.Migration):

    acknowledged = {"AddIndex task.task_by_end": "a task is a few rows a member: about a second for a million"}

    dependencies = [
        ('exports', '0003_attempts_and_pauses'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['ended_at'], name='task_by_end'),
        ),
    ]
