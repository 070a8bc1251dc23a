"""The health panel of the admin's home, and durations to the tenth of a second."""

from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import number_format

from core.health import Status, worst
from core.humanize import HOUR, MINUTE
from exports.building.space import free_space
from exports.figures import email_counts, kept_files
from operations.check_runner import run_quick
from tasks.models import Task, TaskStatus
from tasks.queue.client import queue_lengths
from tasks.queue.workers import RemoteWorker, living_workers
from tasks.services.figures import active_tasks, outcomes, recent_pace
from tasks.services.housekeeping import housekeeping_done

register = template.Library()

EXACT_BELOW = 10  # seconds; tenths matter below

OUTCOMES = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.RUNNING, TaskStatus.QUEUED)


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


@register.inclusion_tag("admin/_health.html")
def health_panel() -> dict[str, Any]:
    """Show the checks' findings, the worst first, and figures of today in the reader's time zone."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    results = {check.name: findings for check, findings in run_quick()}
    problems = [finding for findings in results.values() for finding in findings if finding.status != Status.OK]
    is_queue_known = worst(results["queue"]) != Status.FAILING
    counts = outcomes(since=midnight)
    return {
        "problems": sorted(problems, key=attrgetter("status"), reverse=True),
        "active_tasks": active_tasks(),
        "queue_lengths": queue_lengths() if is_queue_known else None,
        "workers": _with_tasks(living_workers()) if is_queue_known else None,
        "outcomes": [(status, status.label, counts[status]) for status in OUTCOMES],
        "today": midnight.date().isoformat(),
        "pace": recent_pace(),
        "emails": email_counts(),
        "kept": kept_files(),
        "free": free_space(),
        "last_housekeeping": min((part.at for part in housekeeping_done()), default=None),
    }


def _with_tasks(workers: list[RemoteWorker]) -> list[tuple[RemoteWorker, Task | None]]:
    """Return each worker with its running task, if any."""
    running = Task.objects.filter(status=TaskStatus.RUNNING).select_related("user")
    tasks = {str(task.pk): task for task in running}
    return [(worker, tasks.get(worker.job_id)) for worker in workers]
