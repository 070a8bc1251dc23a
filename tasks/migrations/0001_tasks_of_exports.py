"""Take over the tables of background jobs, which were a part of `exports`: rows, names and indexes stay as they are."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('exports', '0016_staff_texts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='Counter',
                    fields=[
                        ('name', models.CharField(max_length=128, primary_key=True, serialize=False)),
                        ('total', models.FloatField(db_default=0.0, default=0.0)),
                    ],
                    options={
                        'db_table': 'exports_tally',
                    },
                ),
                migrations.CreateModel(
                    name='Housekeeping',
                    fields=[
                        ('name', models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name='name')),
                        ('at', models.DateTimeField(verbose_name='last done')),
                        ('worker', models.CharField(max_length=128, verbose_name='worker')),
                        ('error', models.CharField(blank=True, max_length=200, verbose_name='error')),
                    ],
                    options={
                        'verbose_name': 'housekeeping',
                        'verbose_name_plural': 'housekeeping',
                        'db_table': 'exports_housekeeping',
                        'ordering': ['name'],
                    },
                ),
                migrations.CreateModel(
                    name='Task',
                    fields=[
                        ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ('name', models.CharField(max_length=64, verbose_name='name')),
                        ('description', models.CharField(max_length=128, verbose_name='description')),
                        ('params', models.JSONField(blank=True, default=dict, verbose_name='parameters')),
                        ('lane', models.CharField(choices=[('small', 'Small'), ('large', 'Large')], db_default='small', default='small', max_length=8, verbose_name='lane')),
                        ('request_id', models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name='request')),
                        ('language', models.CharField(blank=True, db_default='', default='', max_length=12, verbose_name='language')),
                        ('email', models.EmailField(blank=True, db_default='', default='', max_length=254, verbose_name='email address')),
                        ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=16, verbose_name='status')),
                        ('progress', models.PositiveSmallIntegerField(default=0, verbose_name='progress')),
                        ('done', models.PositiveBigIntegerField(default=0, verbose_name='done')),
                        ('total', models.PositiveBigIntegerField(default=0, verbose_name='total')),
                        ('attempt', models.PositiveSmallIntegerField(default=0, verbose_name='attempt')),
                        ('failures', models.PositiveSmallIntegerField(default=0, verbose_name='failures')),
                        ('worker', models.CharField(blank=True, max_length=128, verbose_name='worker')),
                        ('heartbeat_at', models.DateTimeField(blank=True, null=True, verbose_name='last heartbeat')),
                        ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='created')),
                        ('queued_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='queued')),
                        ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='next attempt')),
                        ('started_at', models.DateTimeField(blank=True, null=True, verbose_name='started')),
                        ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                        ('error_code', models.CharField(blank=True, db_default='', default='', max_length=32, verbose_name='error code')),
                        ('error_params', models.JSONField(blank=True, null=True, verbose_name='error parameters')),
                        ('error', models.TextField(blank=True, help_text='Shown to the member.', verbose_name='error')),
                        ('traceback', models.TextField(blank=True, help_text='Shown to staff.', verbose_name='traceback')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tasks', to=settings.AUTH_USER_MODEL, verbose_name='member')),
                    ],
                    options={
                        'verbose_name': 'task',
                        'verbose_name_plural': 'tasks',
                        'db_table': 'exports_task',
                        'ordering': ['-created_at'],
                        'permissions': [('cancel_task', 'Can cancel tasks'), ('retry_task', 'Can retry tasks'), ('fail_task', 'Can give tasks up'), ('start_example', 'Can start the example task')],
                    },
                ),
                migrations.CreateModel(
                    name='TaskEvent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                        ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], max_length=16, verbose_name='status')),
                        ('reason', models.CharField(choices=[('asked', 'Requested'), ('retried', 'Requested again'), ('claimed', 'Claimed by a worker'), ('succeeded', 'Succeeded'), ('cancelled', 'Cancelled'), ('failed', 'Failed for good'), ('raised', 'The attempt ended in an error'), ('refused', 'Refused: no further attempt could succeed'), ('timed_out', 'Took longer than allowed'), ('died', 'The worker died or stopped reporting'), ('handed_back', 'The worker was stopped and released the task'), ('job_lost', 'The queue lost the job; requeued'), ('queue_away', 'The queue server could not be reached'), ('account_closed', "Cancelled: the member's account isn't active"), ('unknown_kind', 'This kind of task no longer exists')], max_length=16, verbose_name='reason')),
                        ('attempt', models.PositiveSmallIntegerField(verbose_name='attempt')),
                        ('worker', models.CharField(blank=True, max_length=128, verbose_name='worker')),
                        ('by', models.CharField(choices=[('system', 'the system'), ('member', 'the member'), ('staff', 'staff')], max_length=8, verbose_name='by')),
                        ('detail', models.CharField(blank=True, max_length=100, verbose_name='detail')),
                        ('actor', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('task', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='tasks.task')),
                    ],
                    options={
                        'verbose_name': 'task event',
                        'verbose_name_plural': 'task events',
                        'db_table': 'exports_taskevent',
                        'ordering': ['pk'],
                    },
                ),
                migrations.AddIndex(
                    model_name='task',
                    index=models.Index(fields=['user', '-created_at'], name='task_by_member'),
                ),
                migrations.AddIndex(
                    model_name='task',
                    index=models.Index(fields=['name', 'status', '-created_at'], name='task_by_outcome'),
                ),
                migrations.AddIndex(
                    model_name='task',
                    index=models.Index(fields=['ended_at'], name='task_by_end'),
                ),
                migrations.AddIndex(
                    model_name='task',
                    index=models.Index(models.F('queued_at'), condition=models.Q(('status__in', ['queued', 'running'])), name='task_active'),
                ),
                migrations.AddConstraint(
                    model_name='task',
                    constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['queued', 'running'])), fields=('user', 'name'), name='one_active_task'),
                ),
                migrations.AddConstraint(
                    model_name='task',
                    constraint=models.CheckConstraint(condition=models.Q(('progress__lt', 100), models.Q(('progress', 100), ('status', 'succeeded')), _connector='OR'), name='success_alone_is_100_percent'),
                ),
                migrations.AddIndex(
                    model_name='taskevent',
                    index=models.Index(models.F('actor'), condition=models.Q(('actor__isnull', False)), name='event_by_actor'),
                ),
            ],
        ),
    ]
