"""What templates may ask about exports, and how they say times."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.functional import Promise

from accounts.models import User
from exports.models import Task
from exports.models.task import TaskStatus
from exports.services.cooldown import next_start_in_words, seconds_to_other_words
from exports.services.news import task_news, task_news_in_words
from exports.services.offers import Offer
from exports.services.offers import export_offers as offers_for
from exports.services.outcomes import task_outcome
from exports.services.waiting import Wait
from exports.services.waiting import task_wait as wait_of
from exports.services.words import duration_in_words, moment_from_text, moment_in_words

register = template.Library()
register.filter("next_start_in_words", next_start_in_words)
register.filter("seconds_to_other_words", seconds_to_other_words)
register.filter("duration_in_words", duration_in_words)
register.filter("moment_in_words", moment_in_words)
register.filter("moment_from_text", moment_from_text)

register.filter("outcome", task_outcome)


ALERT_LOOKS = {
    TaskStatus.QUEUED: "alert-warning",
    TaskStatus.RUNNING: "alert-primary",
    TaskStatus.SUCCEEDED: "alert-success",
    TaskStatus.FAILED: "alert-danger",
}


@register.filter
def alert_look(status: str) -> str:
    """Return the CSS class of the alert of a task with that status."""
    return ALERT_LOOKS.get(TaskStatus(status), "alert-secondary")


@register.filter
def with_moment(label: str | Promise, moment: datetime | str | None) -> str:
    """Return what tells one export from another: its kind, and when it was requested, as far as that is known."""
    return f"{label}, {moment_from_text(moment)}" if moment else str(label)


@register.filter
def as_moment(text: str) -> datetime:
    """Return the moment of a notification's payload."""
    return datetime.fromisoformat(text)


@register.simple_tag
def export_offers(user: User) -> dict[str, Offer]:
    """Return the kinds of export, each with whether the member can start it now."""
    return offers_for(user)


@register.simple_tag
def task_wait(task: Task) -> Wait | None:
    """Return what a queued task waits for."""
    return wait_of(task)


@register.simple_tag(takes_context=True)
def task_payload(context: dict[str, Any], task: Task) -> dict[str, Any]:
    """Return what a task's alert is rendered from: the member's latest word of it, or the row."""
    told = (item.data for _template, item in context["alerts"] if item.key == str(task.pk))
    return next(told, None) or task_news_in_words(task_news(task))
