"""Tags and filters for tasks and for times."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.functional import Promise

from core.humanize import duration_in_words, moment_from_text, moment_in_words
from tasks.job import Job
from tasks.models import Task
from tasks.models.task import TaskStatus
from tasks.registry import JOBS, failure_text_of
from tasks.services.cooldown import next_start_in_words, seconds_to_other_words
from tasks.services.payloads import localized_payload
from tasks.services.payloads import task_payload as payload_of

register = template.Library()
register.filter("next_start_in_words", next_start_in_words)
register.filter("seconds_to_other_words", seconds_to_other_words)
register.filter("duration_in_words", duration_in_words)
register.filter("moment_in_words", moment_in_words)
register.filter("moment_from_text", moment_from_text)
register.filter("failure_text", failure_text_of)

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
    """Return a task's label and the time of its start, if that is known, to tell tasks apart."""
    return f"{label}, {moment_from_text(moment)}" if moment else str(label)


@register.filter
def as_moment(text: str) -> datetime:
    """Return the moment of a notification's payload."""
    return datetime.fromisoformat(text)


@register.simple_tag
def jobs_with_button() -> list[type[Job]]:
    """Return the jobs that a member can start on their profile."""
    return [job for job in JOBS.values() if job.profile_button]


@register.simple_tag(takes_context=True)
def task_payload(context: dict[str, Any], task: Task) -> dict[str, Any]:
    """Return what a task's alert is rendered from: the member's latest notification of it, or the row."""
    told = (item.data for _template, item in context["alerts"] if item.key == str(task.pk))
    return next(told, None) or localized_payload(payload_of(task))
