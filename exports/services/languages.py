"""The language in which a task's member is written to."""

from contextlib import AbstractContextManager

from django.utils.translation import get_language

from accounts.models import User
from accounts.preferences import mail_language
from exports.models import Task


def task_language(task: Task) -> AbstractContextManager[None]:
    """Say what is written for the task's member in their language, or in that in which they asked for the task."""
    return mail_language(task.user, asked_in=task.language)


def language_asked_in(user: User, *, actor: User | None, repeats: Task | None) -> str:
    """Return the language of the page on which the member asks; staff's own says nothing of the member's."""
    if actor == user:
        return get_language() or ""
    return repeats.language if repeats else ""
