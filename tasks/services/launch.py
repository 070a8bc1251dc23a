"""Starting a task, once."""

import logging
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.models import User
from core.log_context import request_id
from tasks.job import Job
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.failure import Failure, FailureCode
from tasks.queue.client import QueueUnavailableError, task_enqueue
from tasks.registry import JOBS
from tasks.services.context import bind_task, language_asked_in, language_of
from tasks.services.cooldown import next_starts
from tasks.services.history import event_record
from tasks.services.payloads import TASK_PROGRESS, task_publish, task_withdraw
from tasks.services.transitions import task_fail

logger = logging.getLogger(__name__)


class TaskAlreadyActiveError(Exception):
    """There is an active task of that name, of that member."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class AccountClosedError(PermissionDenied):
    """The member's account is not active: no job runs for it."""


class TaskTooSoonError(Exception):
    """The member's last success of that name was too short a time ago."""

    def __init__(self, next_at: datetime) -> None:
        super().__init__(next_at)
        self.next_at = next_at


def task_launch(
    *,
    user: User | None,
    name: str,
    params: dict[str, Any] | None = None,
    by_staff: bool = False,
    actor: User | None = None,
    repeats: Task | None = None,
) -> Task:
    """Create a task and queue it on commit; the answer's status is `failed` if the queue cannot be reached.

    Its history will tell that `actor` asked for it, and which earlier task it `repeats`.

    `user` is None for a SystemJob. Raises AccountClosedError when the member's account is not active. Raises
    TaskAlreadyActiveError when there is an active task of that name, of that member: the database says so. Raises
    TaskTooSoonError when the member has to wait for the end of the job's cooldown; staff need not.
    """
    job = JOBS[name]
    if job.is_for_members != bool(user):
        raise ValueError(f"{name} runs {'for a member' if job.is_for_members else 'without a member'}.")
    if user:
        _ensure_account_is_open(user)
    task = _new_task(job, user, params or {}, actor=actor, repeats=repeats)  # before the transaction: others may write
    try:
        with transaction.atomic():
            task.save(force_insert=True)
            if user and not by_staff:
                _ensure_not_too_soon(task, job, user)
            _record(task, actor=actor, repeats=repeats)
            task_publish(task)
            transaction.on_commit(partial(_enqueue, task))
            # The job need not wait for this, nor fail for it.
            transaction.on_commit(partial(_withdraw_earlier, task), robust=True)
    except IntegrityError as error:
        if Task.objects.active().filter(user=user, name=name).exists():
            raise TaskAlreadyActiveError(name) from error
        raise
    return task


def task_retry(task: Task, *, by_staff: bool = False, actor: User | None = None) -> Task:
    """Launch a failed or cancelled task anew: terminal rows never change, so it is a new one.

    Raises what `task_launch` does, or ValueError when the task may not be retried.
    """
    if not task.can_be_retried:
        raise ValueError(f"Task {task.pk} is {task.status}; only a failed or cancelled task can be retried.")
    return task_launch(user=task.user, name=task.name, params=task.params, by_staff=by_staff, actor=actor, repeats=task)


def _new_task(
    job: type[Job], user: User | None, params: dict[str, Any], *, actor: User | None, repeats: Task | None
) -> Task:
    """Return the task, not saved yet, in the queue and the language that it will have."""
    language = language_asked_in(user, actor=actor, repeats=repeats)
    with language_of(user, asked_in=language):
        description = str(job.description)
    return Task(
        user=user,
        name=job.name,
        description=description,
        params=params,
        queue=job.queue(user),
        request_id=request_id(),
        language=language,
        email=_email(user, actor, repeats),
    )


def _ensure_account_is_open(user: User) -> None:
    """Raise AccountClosedError if it is not, by the row: the member at hand may have been read long ago."""
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        raise AccountClosedError(user.pk)


def _record(task: Task, *, actor: User | None, repeats: Task | None) -> None:
    reason = Reason.RETRIED if repeats else Reason.ASKED
    event_record(task, reason=reason, actor=actor, detail=str(repeats.pk) if repeats else "")


def _email(user: User | None, actor: User | None, repeats: Task | None) -> str:
    """Return the address that the member had when they asked."""
    if not user:
        return ""
    return user.email if actor == user or not repeats else repeats.email


def _ensure_not_too_soon(task: Task, job: type[Job], user: User) -> None:
    """Raise TaskTooSoonError if the task has to wait.

    Called with the task's row made, and so its slot taken: a success that came in between is seen.
    """
    if next_at := next_starts(user=user, jobs=[job]).get(task.name):
        raise TaskTooSoonError(next_at)


def _withdraw_earlier(task: Task) -> None:
    """Clear the alerts of the member's earlier tasks of this name: the new one has its own."""
    if not task.user:
        return
    earlier = Task.objects.filter(user=task.user_id, name=task.name).exclude(pk=task.pk)
    shown = task.user.notifications.filter(name=TASK_PROGRESS, dismissed=False).values_list("key", flat=True)
    for other in earlier.filter(pk__in=[key for key in shown if key]):
        task_withdraw(other)


def _enqueue(task: Task) -> None:
    """Queue the committed task, or fail it at once, so that it takes no slot."""
    with bind_task(task):
        try:
            task_enqueue(task)
            logger.info("Task %s: %s is queued for member %s", task.pk, task.name, task.user_id)
        except QueueUnavailableError:
            logger.exception("Task %s could not be queued", task.pk)
            _fail_unqueued(task)


def _fail_unqueued(task: Task) -> None:
    rows = Task.objects.filter(pk=task.pk, status=TaskStatus.QUEUED)
    if task_fail(rows, task, failure=Failure(FailureCode.QUEUE_UNAVAILABLE), reason=Reason.QUEUE_UNAVAILABLE):
        task.refresh_from_db()
