"""What a worker runs. Each function is a job's outer edge: the work itself is in `exports.services`."""

import logging
import time
import traceback
from collections.abc import Callable
from typing import Any

from rq import get_current_job
from rq.timeouts import JobTimeoutException

from exports.models import Archive, Task, TaskStatus
from exports.models.event import Reason
from exports.services.attempts import attempt_failed, attempt_timed_out, is_last
from exports.services.behalf import on_behalf_of_task
from exports.services.building import complete_archive, posts_archive
from exports.services.delivery import archive_deliver
from exports.services.expiry import member_trim
from exports.services.failure_mail import failure_mail_deliver
from exports.services.foreign_texts import storable
from exports.services.kinds import KINDS
from exports.services.languages import task_language
from exports.services.progress import ClaimLostError, Heartbeat
from exports.services.refusing import ExportRefusedError
from exports.services.transitions import task_cancel_if_closed, task_claim, task_fail, task_succeed

logger = logging.getLogger(__name__)

Work = Callable[[Task, Heartbeat], Archive | None]

LONGEST_TRACE = 100_000
"""Code points of a traceback that staff are shown."""


def export_posts(task_id: str) -> None:
    """Write a member's posts to `posts.json`, keep it, and mail it. `task_id` is a Task's id, and the job's."""
    archive = run_task(task_id, posts_archive)
    if archive:
        hand_over(archive)


def export_archive(task_id: str) -> None:
    """Write everything that is the member's to one ZIP, keep it, and mail it."""
    archive = run_task(task_id, complete_archive)
    if archive:
        hand_over(archive)


def example(task_id: str) -> None:
    """Count the task's seconds, one a second: the smallest job with progress, to try whether the workers work."""
    run_task(task_id, count_seconds)


def deliver_archive(task_id: str) -> None:
    """Mail the archive of an export whose mail is late."""
    for archive in Archive.objects.filter(task_id=task_id):
        archive_deliver(archive.pk)


def deliver_failure(task_id: str) -> None:
    """Email a member that their export failed for good."""
    failure_mail_deliver(task_id)


def hand_over(archive: Archive) -> None:
    """Mail the archive, and let it take the place of the member's oldest one if they have too many."""
    archive_deliver(archive.pk)
    member_trim(user_id=archive.user_id)


def run_task(task_id: str, work: Work) -> Archive | None:
    """Claim the task, do `work` under a heartbeat, and record how it ended; do nothing without a claim.

    A failure is recorded and raised again, so that RQ's tools show it as well. What no other attempt can mend (a
    refusal, or too little time) ends the task; after anything else it is put off and begins anew.
    """
    if not _is_its_job(task_id):
        logger.error("Task %s: another kind of job names it, and does nothing", task_id)
        return None
    task = task_claim(task_id=task_id, worker=_worker_name())
    if task is None:
        logger.warning("Task %s: nothing to claim (unknown, over, another worker's, or of a closed account)", task_id)
        task_cancel_if_closed(Task.objects.filter(pk=task_id, status=TaskStatus.QUEUED), task_id)
        return None
    with on_behalf_of_task(task), task_language(task):
        logger.info("Task %s: attempt %s begins", task.pk, task.attempt)
        return _attempt(task, work)


def _attempt(task: Task, work: Work) -> Archive | None:
    try:
        with Heartbeat(task) as heartbeat:
            return work(task, heartbeat)
    except ClaimLostError:
        logger.info("Task %s: attempt %s stops, the task is no longer its own", task.pk, task.attempt)
        task_cancel_if_closed(Task.objects.claimed_as(task), task.pk)
        return None
    except ExportRefusedError as refusal:
        logger.exception("Task %s: attempt %s was refused", task.pk, task.attempt)
        rows = Task.objects.claimed_as(task)
        why: dict[str, Any] = {
            "failure": refusal.failure,
            "traceback": _trace(),
            "detail": type(refusal).__name__,
        }
        task_fail(rows, task, reason=Reason.REFUSED, **why)
        raise
    except JobTimeoutException:
        logger.exception("Task %s: attempt %s exceeded its time", task.pk, task.attempt)
        attempt_timed_out(Task.objects.claimed_as(task), task, traceback=_trace())
        raise
    except Exception as problem:
        # Only the last failure is an error, of which the administrators are told: the others mend themselves.
        level = logging.ERROR if is_last(task) else logging.WARNING
        logger.log(level, "Task %s: attempt %s failed", task.pk, task.attempt, exc_info=True)
        attempt_failed(task, traceback=_trace(), error_class=type(problem).__name__)
        raise


def count_seconds(task: Task, heartbeat: Heartbeat) -> None:
    """Let the seconds pass that the task's parameters name: that is the work."""
    heartbeat.total = seconds = int(task.params["seconds"])
    for second in range(1, seconds + 1):
        time.sleep(1)
        heartbeat.advance(second)
    if task_succeed(task, done=seconds) is None:
        raise ClaimLostError(task.pk)


def _trace() -> str:
    """Return the traceback of the error that is handled, as it can be stored: whatever it quotes."""
    return storable(traceback.format_exc(), LONGEST_TRACE)


def _is_its_job(task_id: str) -> bool:
    """Return whether the job that is at work is the one of the task's kind, or none is: the queue is only a hint."""
    job = get_current_job()
    name = Task.objects.filter(pk=task_id).values_list("name", flat=True).first()
    return job is None or name is None or (name in KINDS and KINDS[name].function == job.func_name)


def _worker_name() -> str:
    job = get_current_job()
    return (job.worker_name or "") if job else ""
