"""On whose behalf something is done: the log lines of a task name it, and the click that asked for it."""

from contextlib import AbstractContextManager

from core.log_context import bind_ids
from tasks.models import Task


def bind_task(task: Task) -> AbstractContextManager[None]:
    """Let the log lines of this block carry the task's id, and that of the request that once launched it."""
    return bind_ids(request=task.request_id, task=str(task.pk))
