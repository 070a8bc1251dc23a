"""The one path of every attempt: RQ calls `run`, which runs the job and records how the attempt ended."""

import logging
import traceback
from typing import Any

from django.db import transaction
from rq import get_current_job
from rq.timeouts import JobTimeoutException

from core.texts import storable
from tasks.exceptions import ClaimLostError, TaskInterruptedError, TaskRefusedError
from tasks.job import Job, Result
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.failure import Failure, FailureCode
from tasks.registry import JOBS, task_is_known
from tasks.services.attempts import attempt_failed, attempt_interrupted, attempt_timed_out, is_last
from tasks.services.context import bind_task, task_language
from tasks.services.heartbeat import Heartbeat
from tasks.services.transitions import (
    task_cancel_if_closed,
    task_claim,
    task_defer_if_paused,
    task_fail,
    task_succeed,
)

logger = logging.getLogger(__name__)

MAX_TRACEBACK_CHARS = 100_000
"""Code points of a traceback that staff are shown."""


def run(task_id: str) -> None:
    """Claim the task and make an attempt at it; do nothing without a claim."""
    job = get_current_job()
    task = task_claim(task_id=task_id, worker=job.worker_name or "" if job else "")
    if task is None:
        if task_defer_if_paused(task_id):
            return
        logger.warning("Task %s: nothing to claim (unknown, over, another worker's, or of a closed account)", task_id)
        task_cancel_if_closed(Task.objects.filter(pk=task_id, status=TaskStatus.QUEUED), task_id)
        return
    with bind_task(task), task_language(task):
        logger.info("Task %s: attempt %s begins", task.pk, task.attempt)
        _attempt(task)


def _attempt(task: Task) -> None:
    """Run the task's job, and record how that ended; an error is raised again, so that RQ's tools show it too."""
    rows = Task.objects.claimed_as(task)
    try:
        job, result = _run_job(task)
    except ClaimLostError:
        logger.info("Task %s: attempt %s stops, the task is no longer its own", task.pk, task.attempt)
        task_cancel_if_closed(rows, task.pk)
    except TaskInterruptedError as interruption:
        logger.info("Task %s: attempt %s stops at a checkpoint (%s)", task.pk, task.attempt, interruption.reason)
        attempt_interrupted(task, interruption.reason)
    except TaskRefusedError as refusal:
        _refuse(task, refusal)
        if refusal.is_ours:
            raise
    except JobTimeoutException:
        logger.exception("Task %s: attempt %s exceeded its time", task.pk, task.attempt)
        attempt_timed_out(rows, task, traceback=_trace())
        raise
    except Exception as error:
        # Administrators are emailed errors: only the last failure is one, the others are retried.
        level = logging.ERROR if is_last(task) else logging.WARNING
        logger.log(level, "Task %s: attempt %s failed", task.pk, task.attempt, exc_info=True)
        attempt_failed(task, traceback=_trace(), error_class=type(error).__name__)
        raise
    else:
        logger.info("Task %s: attempt %s succeeded", task.pk, task.attempt)
        _follow_up(job, result)


def _follow_up(job: Job, result: Result) -> None:
    try:
        job.after_commit(result)
    except Exception:
        logger.exception("Task %s succeeded, but what follows from that failed", job.task.pk)
        raise


def _refuse(task: Task, refusal: TaskRefusedError) -> None:
    level = logging.ERROR if refusal.is_ours else logging.INFO
    logger.log(level, "Task %s: attempt %s was refused", task.pk, task.attempt, exc_info=True)
    why: dict[str, Any] = {"failure": refusal.failure, "detail": type(refusal).__name__}
    task_fail(Task.objects.claimed_as(task), task, reason=Reason.REFUSED, traceback=_trace(), **why)


def _run_job(task: Task) -> tuple[Job, Result]:
    if not task_is_known(task):  # an earlier or later release queued it
        raise TaskRefusedError(Failure(FailureCode.NO_LONGER_OFFERED))
    with Heartbeat(task) as heartbeat:
        job = JOBS[task.name](task, heartbeat)
        try:
            result = job.run()
            _succeed(job, result)
        except BaseException:  # the time can run out in the moment after the commit
            _abandon(job)
            raise
    return job, result


def _succeed(job: Job, result: Result) -> None:
    with transaction.atomic():
        job.commit(result)
        if task_succeed(job.task, done=result.done, summary=result.summary) is None:
            raise ClaimLostError(job.task.pk)


def _abandon(job: Job) -> None:
    try:
        job.abandon()
    except Exception:  # whatever a storage raises; why the attempt ended matters more
        logger.warning("Task %s: what its attempt left could not be removed", job.task.pk, exc_info=True)


def _trace() -> str:
    """Return the traceback of the error that is handled, as it can be stored: whatever it quotes."""
    return storable(traceback.format_exc(), MAX_TRACEBACK_CHARS)
