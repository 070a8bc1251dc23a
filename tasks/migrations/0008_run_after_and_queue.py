"""Give two fields the names that people use for them; their columns keep theirs, so that the previous release runs."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0007_operators_pause_queues'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField('task', 'due_at', 'run_after'),
                migrations.AlterField(
                    model_name='task',
                    name='run_after',
                    field=models.DateTimeField(blank=True, db_column='due_at', null=True, verbose_name='next attempt'),
                ),
                migrations.RenameField('task', 'lane', 'queue'),
                migrations.AlterField(
                    model_name='task',
                    name='queue',
                    field=models.CharField(choices=[('small', 'Small'), ('large', 'Large')], db_column='lane', db_default='small', default='small', max_length=8, verbose_name='queue'),
                ),
            ],
        ),
    ]
