from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0004_task_by_end'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='lane',
            field=models.CharField(choices=[('small', 'Small'), ('large', 'Large')], db_default='small', default='small', max_length=8, verbose_name='lane'),
        ),
    ]
