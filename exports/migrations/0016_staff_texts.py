"""Names that staff read; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0015_mail_hang_ups_and_failure_reports'),
    ]

    operations = [
        migrations.AlterField(
            model_name='archive',
            name='mail_attempts',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='email attempts'),
        ),
        migrations.AlterField(
            model_name='archive',
            name='mail_due_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='email due'),
        ),
        migrations.AlterField(
            model_name='archive',
            name='mail_error',
            field=models.TextField(blank=True, verbose_name='email error'),
        ),
        migrations.AlterField(
            model_name='archive',
            name='mail_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=255, verbose_name="provider's id of the email"),
        ),
        migrations.AlterField(
            model_name='archive',
            name='mail_repeats',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='email repeats'),
        ),
        migrations.AlterField(
            model_name='archive',
            name='mailed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='emailed'),
        ),
        migrations.AlterField(
            model_name='archive',
            name='mailed_to',
            field=models.EmailField(blank=True, max_length=254, verbose_name='emailed to'),
        ),
        migrations.AlterField(
            model_name='archive',
            name='removal',
            field=models.CharField(blank=True, choices=[('deleted', 'deleted by the member'), ('expired', 'expired'), ('replaced', 'replaced by newer ones'), ('lost', 'lost by the storage')], max_length=16, verbose_name='removed'),
        ),
        migrations.AlterField(
            model_name='failureemail',
            name='mail_attempts',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='email attempts'),
        ),
        migrations.AlterField(
            model_name='failureemail',
            name='mail_due_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='email due'),
        ),
        migrations.AlterField(
            model_name='failureemail',
            name='mail_error',
            field=models.TextField(blank=True, verbose_name='email error'),
        ),
        migrations.AlterField(
            model_name='failureemail',
            name='mail_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=255, verbose_name="provider's id of the email"),
        ),
        migrations.AlterField(
            model_name='task',
            name='error',
            field=models.TextField(blank=True, help_text='Shown to the member.', verbose_name='error'),
        ),
        migrations.AlterField(
            model_name='task',
            name='traceback',
            field=models.TextField(blank=True, help_text='Shown to staff.', verbose_name='traceback'),
        ),
        migrations.AlterField(
            model_name='taskevent',
            name='reason',
            field=models.CharField(choices=[('asked', 'Requested'), ('retried', 'Requested again'), ('claimed', 'Claimed by a worker'), ('succeeded', 'Succeeded'), ('cancelled', 'Cancelled'), ('failed', 'Failed for good'), ('raised', 'The attempt ended in an error'), ('refused', 'Refused: no further attempt could succeed'), ('timed_out', 'Took longer than allowed'), ('died', 'The worker died or stopped reporting'), ('handed_back', 'The worker was stopped and released the task'), ('job_lost', 'The queue lost the job; requeued'), ('queue_away', 'The queue server could not be reached'), ('account_closed', "Cancelled: the member's account isn't active"), ('unknown_kind', 'This kind of task no longer exists')], max_length=16, verbose_name='reason'),
        ),
    ]
