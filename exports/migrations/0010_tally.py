"""Totals that outlive the rows they count."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0009_task_request_id'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('name', models.CharField(max_length=128, primary_key=True, serialize=False)),
                ('total', models.FloatField(db_default=0.0, default=0.0)),
            ],
        ),
    ]
