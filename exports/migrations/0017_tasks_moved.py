"""Leave the models of background jobs to `tasks`, which has taken over their tables: the database stays as it is."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0016_staff_texts'),
        ('tasks', '0001_tasks_of_exports'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='archive',
                    name='task',
                    field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='archive', to='tasks.task'),
                ),
                migrations.AlterField(
                    model_name='failureemail',
                    name='task',
                    field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='failure_email', to='tasks.task'),
                ),
                migrations.DeleteModel(name='TaskEvent'),
                migrations.DeleteModel(name='Task'),
                migrations.DeleteModel(name='Housekeeping'),
                migrations.DeleteModel(name='Tally'),
            ],
        ),
    ]
