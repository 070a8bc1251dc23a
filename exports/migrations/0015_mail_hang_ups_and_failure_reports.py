"""Connections lost while a file was sent; what providers report of emails about failures; an index for reports."""

from django.db import migrations, models


class Migration(migrations.Migration):

    acknowledged = {
        "AddIndex archive.archive_mail_id": "an archive is a few rows a member: about a second for a million",
    }

    dependencies = [
        ('exports', '0014_mail_reports'),
    ]

    operations = [
        migrations.AddField(
            model_name='archive',
            name='mail_hang_ups',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='connections lost'),
        ),
        migrations.AddField(
            model_name='failureemail',
            name='mail_event',
            field=models.CharField(blank=True, choices=[('delivered', 'delivered'), ('bounced', "returned by the recipient's mail server"), ('rejected', 'not sent by the mail provider'), ('complained', 'marked as spam')], db_default='', default='', max_length=16, verbose_name="provider's report"),
        ),
        migrations.AddField(
            model_name='failureemail',
            name='mail_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=255, verbose_name="provider's id of the mail"),
        ),
        migrations.AlterField(
            model_name='archive',
            name='mail_link_reason',
            field=models.CharField(blank=True, choices=[('refused', 'the mail server refused it with the file'), ('cut_off', 'the mail server hung up twice when it was sent with the file'), ('address_changed', "the member's address has changed since they asked")], db_default='', default='', max_length=16, verbose_name='why without the file'),
        ),
        migrations.AddIndex(
            model_name='archive',
            index=models.Index(fields=['mail_id'], name='archive_mail_id'),
        ),
        migrations.AddIndex(
            model_name='failureemail',
            index=models.Index(fields=['mail_id'], name='failure_email_mail_id'),
        ),
    ]
