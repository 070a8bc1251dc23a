"""What surrounds the work on a task: the language of its member, and the ids that its log lines carry."""

from contextlib import AbstractContextManager, nullcontext

from django.utils.translation import get_language

from accounts.models import User
from accounts.settings.preferences import mail_language
from core.log_context import bind_ids
from tasks.models import Task


def bind_task(task: Task) -> AbstractContextManager[None]:
    """Let the log lines of this block carry the task's id, and that of the request that once launched it."""
    return bind_ids(request=task.request_id, task=str(task.pk))


def task_language(task: Task) -> AbstractContextManager[None]:
    """Write what follows in the language of the task's member, or in that in which they asked for the task."""
    return language_of(task.user, asked_in=task.language)


def language_of(user: User | None, *, asked_in: str) -> AbstractContextManager[None]:
    """Write what follows in the member's language; without a member it stays as it is."""
    return mail_language(user, asked_in=asked_in) if user else nullcontext()


def language_asked_in(user: User | None, *, actor: User | None, repeats: Task | None) -> str:
    """Return the language of the page on which the member asks; staff's own says nothing of the member's."""
    if user and actor == user:
        return get_language() or ""
    return repeats.language if repeats else ""
