"""What surrounds the work on a task: the language of its member, and the ids in its log lines."""

from contextlib import AbstractContextManager, nullcontext

from accounts.settings.preferences import mail_language
from core.log_context import bind_ids
from tasks.models import Task


def bind_task(task: Task) -> AbstractContextManager[None]:
    """Let the log lines of this block carry the task's id, and that of the request that once launched it."""
    return bind_ids(request=task.request_id, task=str(task.pk))


def task_language(task: Task) -> AbstractContextManager[None]:
    """Activate the language of the task's member in the block, or the one in which they asked for the task."""
    return mail_language(task.user, asked_in=task.language) if task.user else nullcontext()
