"""The life of a task: every change of its status, and nothing else.

Each is a guarded UPDATE (the row must still be as the caller has read it) in one transaction with the event for staff
and the member's notification. Only the caller whose UPDATE matched the row gets the task back; the others get None and
must do nothing more. See the state machine in docs/decisions/0002-the-database-is-the-truth.md.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from tasks.job import Job
from tasks.models import QueuePause, Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.failure import Failure
from tasks.models.task import HAS_OPEN_ACCOUNT, TaskQuerySet
from tasks.registry import JOBS
from tasks.services.context import task_language
from tasks.services.history import event_record
from tasks.services.payloads import task_publish

# A running task never shows 100 %: that is for success alone.
MAX_RUNNING_PROGRESS = 99


def task_claim(*, task_id: str, worker: str) -> Task | None:
    """Give a queued task to `worker` (a new attempt), or return None when there is nothing to claim."""
    now = timezone.now()
    from_checkpoint = Q(checkpoint__isnull=False)  # its progress goes on
    return _move(
        Task.objects.filter(pk=task_id, status=TaskStatus.QUEUED).of_open_accounts().of_running_queues(),
        task_id,
        {"reason": Reason.CLAIMED},
        status=TaskStatus.RUNNING,
        attempt=F("attempt") + 1,
        worker=worker,
        run_after=None,
        started_at=Case(When(from_checkpoint, then=Coalesce("started_at", now)), default=now),
        heartbeat_at=now,
        progress=Case(When(from_checkpoint, then="progress"), default=0),
        done=Case(When(from_checkpoint, then="done"), default=0),
        total=Case(When(from_checkpoint, then="total"), default=0),
    )


def task_beat(task: Task, *, done: int, total: int) -> Task | None:
    """Write progress and heartbeat, or return None when the task is no longer this attempt's."""
    progress = min(MAX_RUNNING_PROGRESS, 100 * done // total) if total else 0
    return _move(
        Task.objects.claimed_as(task).of_open_accounts(),
        task.pk,
        None,
        progress=progress,
        done=done,
        total=total,
        heartbeat_at=timezone.now(),
    )


def task_succeed(task: Task, *, done: int, summary: dict[str, Any] | None = None) -> Task | None:
    """End this attempt in success with `done` items and a `summary` for the member.

    Call it in one transaction with what the success left.
    """
    return _move(
        Task.objects.claimed_as(task).of_open_accounts(),
        task.pk,
        {"reason": Reason.SUCCEEDED},
        status=TaskStatus.SUCCEEDED,
        progress=100,
        done=done,
        total=done,
        summary=summary,
        ended_at=timezone.now(),
    )


def task_fail(
    rows: TaskQuerySet,
    task: Task,
    *,
    failure: Failure,
    traceback: str = "",
    reason: Reason = Reason.FAILED,
    detail: str = "",
    actor: User | None = None,
    **changes: Any,
) -> Task | None:
    """End the task in failure if it is still among `rows`; `failure` is for the member, `traceback` for staff.

    The job's `on_failure` runs in the same transaction; it may email the member.
    """
    event = {"reason": reason, "detail": detail, "actor": actor}
    with task_language(task):
        text = JOBS.get(task.name, Job).failure_text(failure.code, failure.params)
        why = {"error_code": failure.code, "error_params": failure.params, "error": text}
    with transaction.atomic(savepoint=False):
        changes |= {**why, "traceback": traceback, "ended_at": timezone.now()}
        failed = _move(rows, task.pk, event, status=TaskStatus.FAILED, **changes)
        if failed and (job := JOBS.get(failed.name)):
            job.on_failure(failed)
        return failed


def task_cancel(task: Task, *, actor: User | None = None) -> Task | None:
    """Stop an active task; its worker notices at the next heartbeat."""
    event = {"reason": Reason.CANCELLED, "actor": actor}
    return _cancel(Task.objects.active().filter(pk=task.pk), task.pk, event)


def task_cancel_if_closed(rows: TaskQuerySet, task_id: UUID | str) -> Task | None:
    """Cancel the task if it is active, still among `rows`, and its member's account is not active."""
    return _cancel(rows.active().exclude(HAS_OPEN_ACCOUNT), task_id, {"reason": Reason.ACCOUNT_CLOSED})


def _cancel(rows: TaskQuerySet, task_id: UUID | str, event: dict[str, Any]) -> Task | None:
    return _move(rows, task_id, event, status=TaskStatus.CANCELLED, ended_at=timezone.now())


def task_requeue(
    rows: TaskQuerySet,
    task: Task,
    *,
    run_after: datetime | None = None,
    reason: Reason = Reason.WORKER_LOST,
    detail: str = "",
    **changes: Any,
) -> Task | None:
    """Take the task, if it is still among `rows`, from its attempt; the next may begin at once, or at `run_after`.

    The caller queues it after the commit; the reconciliation queues a deferred one.
    """
    event = {"reason": reason, "detail": detail, "worker": task.worker}
    changes |= {"worker": "", "queued_at": timezone.now(), "run_after": run_after}
    return _move(rows, task.pk, event, status=TaskStatus.QUEUED, **changes)


def task_defer_if_paused(task_id: str) -> Task | None:
    """Defer a task that could not be claimed because its queue is paused: the recovery queues it after the resume."""
    paused = QueuePause.objects.values("queue")
    rows = Task.objects.filter(pk=task_id, status=TaskStatus.QUEUED, queue__in=paused, run_after=None)
    return _move(rows, task_id, None, run_after=timezone.now())


def task_touch_queued(task: Task) -> Task | None:
    """Note that a queued task is queued again, unless another process has just done so."""
    rows = Task.objects.filter(pk=task.pk, status=TaskStatus.QUEUED, queued_at=task.queued_at)
    # A deferred one is queued when its time has come: that is no event.
    event = None if task.run_after else {"reason": Reason.JOB_LOST}
    return _move(rows, task.pk, event, queued_at=timezone.now(), run_after=None)


def _move(rows: TaskQuerySet, task_id: UUID | str, event: dict[str, Any] | None, **changes: Any) -> Task | None:
    """Change the row if it is among `rows`, record the `event` for staff, if there is one, and publish the task."""
    with transaction.atomic(savepoint=False):
        if not rows.update(**changes):
            return None
        task = Task.objects.get(pk=task_id)
        if event:
            event_record(task, **event)
        task_publish(task)
        return task
