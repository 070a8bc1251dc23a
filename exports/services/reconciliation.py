"""Finding the tasks that a death left behind, and giving them on. The sources: docs/decisions/0002.

A row alone tells that something is wrong (no heartbeat, or queued for long); the queue alone tells whether a
job will still run. Only both together are acted upon, by the same guarded transitions as everything else, so
that any number of workers, polls and commands may reconcile at once.
"""

import logging
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exports.models import Archive, Task, TaskStatus
from exports.models.task import TaskQuerySet
from exports.services.queue import JobState, QueueUnavailableError, delivery_enqueue, job_state, task_enqueue
from exports.services.transitions import task_fail, task_requeue, task_touch_queued

logger = logging.getLogger(__name__)


def tasks_reconcile(tasks: TaskQuerySet | None = None) -> list[Task]:
    """Recover every stale task among `tasks` (by default all); return those that were queued anew or failed.

    With the queue server out of reach nothing is concluded, and nothing changes.
    """
    rows = Task.objects.all() if tasks is None else tasks
    stale_since = timezone.now() - timedelta(seconds=settings.EXPORT_STALE_AFTER)
    recovered = []
    for task in rows.stale(since=stale_since):
        try:
            changed = _recover(task)
        except QueueUnavailableError:
            logger.warning("Task %s looks stale, but the queue cannot be asked", task.pk)
            break
        if changed:
            recovered.append(changed)
    return recovered


def task_recover_from_worker(*, task_id: str, worker: str) -> Task | None:
    """Recover a task whose work-horse `worker` has just seen end, if the row still says that it runs there.

    `task_id` is the id of the job, which can be another kind of job than a task's.
    """
    for task in Task.objects.filter(status=TaskStatus.RUNNING, worker=worker):
        if str(task.pk) == task_id:
            return _give_on(task)
    return None


def mails_reconcile() -> int:
    """Queue the mails that are due and that nobody is at; return their number."""
    now = timezone.now()
    count = 0
    before = now - timedelta(seconds=settings.EXPORT_STALE_AFTER)
    for archive in Archive.objects.available().filter(mail_due_at__lte=before):
        try:
            delivery_enqueue(archive.pk)
        except QueueUnavailableError:
            break
        count += 1
    return count


def _recover(task: Task) -> Task | None:
    state = job_state(str(task.pk))
    if task.status == TaskStatus.RUNNING:
        return _give_on(task)
    if state is JobState.OVER and (touched := task_touch_queued(task)):
        logger.warning("Task %s was queued, but its job was lost; it is queued again", task.pk)
        task_enqueue(touched)
        return touched
    return None


def _give_on(task: Task) -> Task | None:
    """Queue a dead attempt's task again, or fail it when its attempts are used up."""
    if task.attempt >= settings.EXPORT_MAX_ATTEMPTS:
        error = _("The export was interrupted %(count)d times and was given up.") % {"count": task.attempt}
        return task_fail(Task.objects.silent_since(task), task, error=error)
    with transaction.atomic():
        requeued = task_requeue(Task.objects.silent_since(task), task)
        if requeued:
            logger.warning("Task %s: attempt %s died; the task is queued again", task.pk, task.attempt)
            transaction.on_commit(partial(_enqueue_or_wait, requeued))
    return requeued


def _enqueue_or_wait(task: Task) -> None:
    try:
        task_enqueue(task)
    except QueueUnavailableError:
        logger.warning("Task %s is queued in the database only; the next reconciliation queues its job", task.pk)
