"""Find the tasks whose worker died or whose job was lost, and requeue them. The sources: docs/decisions/0002.

A row alone tells that something is wrong (no heartbeat, or queued for long); the queue alone tells whether a
job will still run. Only both together are acted upon, by the same guarded transitions as everything else, so
that any number of workers, polls and commands may reconcile at once.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import filterfalse
from operator import attrgetter

from django.conf import settings
from django.dispatch import Signal
from django.utils import timezone

from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.failure import Failure, FailureCode
from tasks.models.task import TaskQuerySet, stale_since
from tasks.queue.client import (
    JobState,
    QueueUnavailableError,
    job_remove,
    job_state,
    jobs_waiting,
    queue_ping,
    task_enqueue,
)
from tasks.queue.registered_jobs import is_task_id
from tasks.registry import task_is_known
from tasks.services.attempts import attempt_released, attempt_timed_out, attempt_worker_lost
from tasks.services.context import bind_task
from tasks.services.transitions import task_fail, task_touch_queued

logger = logging.getLogger(__name__)

BULK_LOOKUP_FROM_TASKS = 10
"""Overdue tasks from which on the queue is fetched whole."""

HEARTBEATS_BETWEEN_LOOKS = 3
"""Heartbeats that a living task would send between the two looks at a stale one."""

work_horse_killed = Signal()
"""Sent with `job_id`, of a task or of a `@background` function, when the process that ran it was killed."""


class StalenessTracker:
    """Remembers when this process first saw each heartbeat, by a clock that cannot be set.

    When the system's clock jumps, living tasks look stale: so one is taken from its worker at a second look only.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with no memory; `clock` counts seconds."""
        self._clock = clock
        self._seen: dict[tuple[object, ...], float] = {}

    def confirmed(self, stale: Iterable[Task]) -> list[Task]:
        """Return the stale tasks that sent no heartbeat between two looks, HEARTBEATS_BETWEEN_LOOKS apart."""
        now, apart = self._clock(), HEARTBEATS_BETWEEN_LOOKS * settings.EXPORT_PROGRESS_INTERVAL
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen < settings.EXPORT_JOB_TIMEOUT}
        looks = {(task.pk, task.attempt, task.heartbeat_at): task for task in stale}
        return [task for key, task in looks.items() if now - self._seen.setdefault(key, now) >= apart]


staleness = StalenessTracker()


def tasks_reconcile(tasks: TaskQuerySet | None = None, *, immediately: bool = False) -> list[Task]:
    """Recover the stale and the overdue among `tasks` (by default all); return those that were requeued or failed.

    A stale task is recovered at the second look of this process, or `immediately`. While the queue server is
    unavailable, nothing is concluded, and nothing changes.
    """
    rows = Task.objects.all() if tasks is None else tasks
    since = stale_since()
    recovered = []
    try:
        for task in rows.stale(since=since) if immediately else _stale_at_both_looks(rows):
            queue_ping()
            with bind_task(task):
                still_stale = Task.objects.claimed_as(task).filter(heartbeat_at=task.heartbeat_at)
                recovered.append(attempt_worker_lost(still_stale, task))
        for task in _overdue(rows, since=since):
            with bind_task(task):
                recovered.append(_queue_again(task))
    except QueueUnavailableError:
        logger.warning("Tasks look abandoned, but the queue cannot be asked")
    return [task for task in recovered if task]


def _overdue(rows: TaskQuerySet, *, since: datetime) -> list[Task]:
    """Return the overdue tasks that need a closer look, in the order in which to queue them.

    Every worker looks every few seconds, and of many overdue tasks almost all just wait for their turn: looked up one
    by one, a long queue would keep all workers busy. First come those that go to the front of their queue, the oldest
    last; then those of a paused queue by their age.
    """
    tasks = list(rows.due(since=since))
    if len(tasks) >= BULK_LOOKUP_FROM_TASKS:
        waiting = jobs_waiting()
        tasks = [task for task in tasks if str(task.pk) not in waiting]
    return [*filterfalse(_was_paused, tasks), *sorted(filter(_was_paused, tasks), key=attrgetter("queued_at"))]


def _was_paused(task: Task) -> bool:
    """Return whether the queued task was deferred by a pause of its queue, not by a failure."""
    return task.run_after is not None and not task.failures


def _stale_at_both_looks(rows: TaskQuerySet) -> list[Task]:
    """Return the stale tasks that this process looked at before, long enough ago.

    The first look comes at half of EXPORT_STALE_AFTER, so that the second delays nothing: each web process remembers
    its own looks only, and a member's polls reach any of them.
    """
    now, stale = timezone.now(), timedelta(seconds=settings.EXPORT_STALE_AFTER)
    looked_at = staleness.confirmed(rows.stale(since=now - stale / 2))
    return [task for task in looked_at if task.heartbeat_at and abs(now - task.heartbeat_at) > stale]


def tasks_to_reconcile() -> list[Task]:
    """Return what `tasks_reconcile` would look into."""
    return [*Task.objects.stale(since=stale_since()), *Task.objects.due(since=stale_since())]


def task_recover_from_worker(
    *, task_id: str, worker: str, was_stopped: bool = False, was_overdue: bool = False
) -> Task | None:
    """Recover a task whose work-horse `worker` has just seen end, if the row still says that it runs there.

    If it was interrupted at a checkpoint, queue it again. `task_id` is the id of the job, which can be another kind of
    job than a task's. `was_stopped`: the work-horse was stopped together with its worker. `was_overdue`: it did
    not end by itself when its time was over.
    """
    task = Task.objects.active().filter(pk=task_id).first() if is_task_id(task_id) else None
    if task is None:
        return None
    if task.status == TaskStatus.QUEUED:
        return _queue_interrupted(task)
    if task.worker != worker:
        return None
    # The work-horse is dead, so that the attempt alone fences; it may have sent a last heartbeat.
    rows = Task.objects.claimed_as(task)
    if was_overdue:
        return attempt_timed_out(rows, task)
    return attempt_released(rows, task) if was_stopped else attempt_worker_lost(rows, task)


def _queue_interrupted(task: Task) -> Task | None:
    """Queue a task that is to resume at once: at the back, behind those that wait already.

    Its own job could not do that: RQ still writes into a job that ends, and has its data expire.
    """
    if task.run_after or job_state(str(task.pk)) is not JobState.OVER:
        return None
    job_remove(str(task.pk))
    task_enqueue(task)
    return task


def task_queue_refused(*, job_id: str) -> Task | None:
    """Queue again, at once, the task whose job a worker has refused: an earlier release may have queued it."""
    task = Task.objects.filter(pk=job_id).due(since=timezone.now()).first() if is_task_id(job_id) else None
    return _queue_again(task) if task else None


def _queue_again(task: Task) -> Task | None:
    """Queue an overdue task's job, unless it waits in the queue; fail one that this code cannot run.

    A job that a worker has taken claims its task within moments: one that is overdue died before. Queued twice by
    mistake, it would run once all the same.
    """
    state = job_state(str(task.pk))
    if state is JobState.WAITING:
        return None
    if not task_is_known(task):
        if state is not JobState.OVER:  # a worker with newer code may have it
            return None
        rows = Task.objects.filter(pk=task.pk, status=TaskStatus.QUEUED)
        return task_fail(rows, task, failure=Failure(FailureCode.NO_LONGER_OFFERED), reason=Reason.UNKNOWN_KIND)
    touched = task_touch_queued(task)
    if touched:
        logger.warning("Task %s was queued, but had no job; it is queued again", task.pk)
        if state is JobState.OVER:
            job_remove(str(task.pk))  # or RQ would soon expire the new one's data, as the old one's
        task_enqueue(touched, at_front=not _was_paused(task))
    return touched
