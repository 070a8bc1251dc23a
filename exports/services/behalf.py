"""On whose behalf something is done: the log lines of a task name it, and the click that asked for it."""

from contextlib import AbstractContextManager

from correlation import on_behalf_of
from exports.models import Task


def on_behalf_of_task(task: Task) -> AbstractContextManager[None]:
    """Let the log lines of this block carry the task's id, and that of the request that once launched it."""
    return on_behalf_of(request=task.request_id, task=str(task.pk))
