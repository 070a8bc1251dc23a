"""Erase a closed account's tasks: cancel them, and remove their jobs from the queue."""

from collections.abc import Iterable
from typing import Any

from django.dispatch import receiver

from accounts.closing.erasure import AccountInUseError, account_closing, account_erasing
from accounts.models import User
from tasks.models import Task
from tasks.queue.client import QueueUnavailableError, job_remove
from tasks.queue.workers import running_job_ids
from tasks.services.transitions import task_cancel


@receiver(account_closing)
def end_tasks(*, user: User, **_signal: Any) -> None:
    """Cancel the member's tasks; raise AccountInUseError while a worker runs one."""
    for task in Task.objects.active().filter(user=user):
        task_cancel(task)
    ensure_not_running(_task_jobs(user))


@receiver(account_erasing)
def remove_task_jobs(*, user: User, **_signal: Any) -> None:
    """Remove the jobs of the member's tasks from the queue."""
    remove_jobs(_task_jobs(user))


def ensure_not_running(job_ids: Iterable[str]) -> None:
    """Raise AccountInUseError while a worker runs one of these jobs, or if the queue server is unavailable."""
    try:
        running = running_job_ids().intersection(job_ids)
    except QueueUnavailableError as error:
        raise AccountInUseError("the queue server is unavailable") from error
    if running:
        raise AccountInUseError(f"a worker is still at {', '.join(running)}")


def remove_jobs(job_ids: Iterable[str]) -> None:
    """Remove these jobs from the queue; raise AccountInUseError if it is unavailable."""
    try:
        for job_id in job_ids:
            job_remove(job_id)
    except QueueUnavailableError as error:
        raise AccountInUseError("the queue server is unavailable") from error


def _task_jobs(user: User) -> set[str]:
    return {str(pk) for pk in user.tasks.values_list("pk", flat=True)}
