"""What the pages of staff ask and say: how the site is doing, and lengths to the tenth of a second."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import number_format

from operations.problems import find_troubles
from operations.site_health import Health, site_health
from tasks.models import Task, TaskStatus

register = template.Library()

MINUTE = 60
HOUR = 60 * MINUTE
EXACT_BELOW = 10  # seconds; tenths matter below

OUTCOMES = (
    TaskStatus.SUCCEEDED,
    TaskStatus.FAILED,
    TaskStatus.CANCELLED,
    TaskStatus.RUNNING,
    TaskStatus.QUEUED,
)


@register.filter
def length_in_words(length: timedelta | float | None) -> str:
    """Return a length of time (or seconds) such as "0.4 s", "12 s", "3 min 5 s" or "2 h 10 min"; "-" without one."""
    if length is None:
        return "-"
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if abs(seconds) < EXACT_BELOW:
        return f"{number_format(seconds, decimal_pos=1)} s"
    if (rounded := round(seconds)) < MINUTE:
        return f"{rounded} s"
    if rounded < HOUR:
        return f"{rounded // MINUTE} min {rounded % MINUTE} s"
    return f"{rounded // HOUR} h {rounded % HOUR // MINUTE} min"


@register.filter
def age_in_words(moment: datetime | None) -> str:
    """Return how long ago that was, like `length_in_words`."""
    return length_in_words(timezone.now() - moment if moment else None)


@register.filter
def size_in_words(size: float | None) -> str:
    """Return a number of bytes such as "1.2 MB"; "-" without one."""
    return "-" if size is None else filesizeformat(size)


@register.inclusion_tag("admin/_health.html")
def health_panel() -> dict[str, Any]:
    """Show how the exports are doing, today in the reader's time zone."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    health = site_health(since=midnight)
    return {
        "health": health,
        "troubles": find_troubles(health),
        "outcomes": [(status, status.label, health.outcomes[status]) for status in OUTCOMES],
        "workers": _with_tasks(health),
        "today": midnight.date().isoformat(),
    }


def _with_tasks(health: Health) -> list[tuple[Any, Task | None]]:
    """Return the living workers, each with the task that it is at, if it is at one."""
    running = Task.objects.filter(status=TaskStatus.RUNNING).select_related("user")
    tasks = {str(task.pk): task for task in running}
    return [(worker, tasks.get(worker.job_id)) for worker in health.workers or []]
