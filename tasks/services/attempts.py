"""What becomes of a task whose attempt ended without success: it is requeued, or fails with a reason."""

import logging
import math
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tasks.models import Task
from tasks.models.event import Reason
from tasks.models.failure import Failure, FailureCode
from tasks.models.task import TaskQuerySet
from tasks.queue.client import QueueUnavailableError, task_enqueue
from tasks.registry import task_is_known
from tasks.services.transitions import task_fail, task_requeue

logger = logging.getLogger(__name__)


def attempt_worker_lost(rows: TaskQuerySet, task: Task) -> Task | None:
    """Requeue the task at once, if it is still among `rows`, or fail it after its last attempt."""
    if is_last(task):
        count = task.failures + 1
        failure = Failure(FailureCode.INTERRUPTED, {"count": count})
        return task_fail(rows, task, failure=failure, reason=Reason.WORKER_LOST, failures=count)
    return _requeue_now(rows, task, reason=Reason.WORKER_LOST, failures=F("failures") + 1)


def attempt_failed(task: Task, *, traceback: str, error_class: str = "") -> Task | None:
    """Defer the task after an exception, by a pause that grows; fail it after the last attempt.

    The history keeps the exception's class only: its text may quote a member.
    """
    rows = Task.objects.claimed_as(task)
    event: dict[str, Any] = {"reason": Reason.ERRORED, "detail": error_class}
    if is_last(task):
        failure = Failure(FailureCode.ERRORED)
        return task_fail(rows, task, failure=failure, traceback=traceback, failures=task.failures + 1, **event)
    pauses = settings.EXPORT_RETRY_PAUSES
    pause = pauses[min(task.failures, len(pauses) - 1)]
    run_after = timezone.now() + timedelta(seconds=pause)
    return task_requeue(rows, task, run_after=run_after, failures=F("failures") + 1, traceback=traceback, **event)


def attempt_released(rows: TaskQuerySet, task: Task) -> Task | None:
    """Requeue the task at once because its worker is being stopped: that is not the task's failure."""
    return _requeue_now(rows, task, reason=Reason.RELEASED)


def attempt_interrupted(task: Task, reason: Reason) -> Task | None:
    """Have the task resume later from its checkpoint.

    Its worker queues the job as soon as this one is over; after a pause the recovery does.
    """
    run_after = timezone.now() if reason is Reason.QUEUE_PAUSED else None
    return task_requeue(Task.objects.claimed_as(task), task, run_after=run_after, reason=reason)


def attempt_timed_out(rows: TaskQuerySet, task: Task, *, traceback: str = "") -> Task | None:
    """End the task, if it is still among `rows`: another attempt would take too long as well."""
    minutes = math.ceil(settings.EXPORT_JOB_TIMEOUT / 60)
    failure = Failure(FailureCode.TIMED_OUT, {"minutes": minutes})
    return task_fail(rows, task, failure=failure, traceback=traceback, reason=Reason.TIMED_OUT)


def is_last(task: Task) -> bool:
    """Return whether the task fails for good if its present attempt does not succeed."""
    return task.failures + 1 >= settings.EXPORT_MAX_ATTEMPTS


def _requeue_now(rows: TaskQuerySet, task: Task, **changes: Any) -> Task | None:
    with transaction.atomic():
        requeued = task_requeue(rows, task, **changes)
        if requeued:
            logger.warning("Task %s: attempt %s ended early; the task is queued again", task.pk, task.attempt)
            transaction.on_commit(partial(_enqueue_or_wait, requeued))
    return requeued


def _enqueue_or_wait(task: Task) -> None:
    if not task_is_known(task):
        logger.warning("Task %s is of a kind that this code cannot run; the next reconciliation decides", task.pk)
        return
    try:
        task_enqueue(task, at_front=True)
    except QueueUnavailableError:
        logger.warning("Task %s is queued in the database only; the next reconciliation queues its job", task.pk)
