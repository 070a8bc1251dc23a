from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0008_staff_permissions'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='request_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name='request'),
        ),
    ]
