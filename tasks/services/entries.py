"""Tasks as entries of their member's feed."""

from collections.abc import Iterable

from accounts.models import User
from notifications.feed import MAX_ENTRIES, Entry
from tasks.models import Task, TaskStatus
from tasks.models.task import TaskQuerySet
from tasks.registry import JOBS, failure_text_of


def tasks_told(user: User, names: Iterable[str]) -> TaskQuerySet:
    """Return the member's newest tasks of these names that succeeded or failed."""
    told = user.tasks.filter(name__in=names, status__in=(TaskStatus.SUCCEEDED, TaskStatus.FAILED))
    return told.order_by("-ended_at")[:MAX_ENTRIES]


def task_entry(task: Task, *, path: str) -> Entry:
    """Return the entry of a task that has ended: the title of its alert, and why it failed."""
    job = JOBS[task.name]
    title = str(job.titles[task.status]) % {"label": job.label}
    return Entry(f"task/{task.pk}", title, task.ended_at or task.created_at, path, failure_text_of(task))
