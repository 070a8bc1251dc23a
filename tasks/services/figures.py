"""Figures about tasks, for the admin's home, the checks and the metrics; each is a query or two on an index."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from tasks.models import QueuePause, Task, TaskQueue, TaskStatus
from tasks.models.task import stale_since
from tasks.registry import JOBS

SAMPLE_SIZE = 500  # tasks of each job
SAMPLE_AGE = timedelta(days=7)


@dataclass(frozen=True)
class ActiveTasks:
    """The tasks of one name in one queue that are queued or running."""

    queue: str
    name: str
    queued: int
    """Those that a worker could start now."""
    deferred: int
    """Those that wait for the time of their next attempt, or for the resume of their queue."""
    running: int
    stale: int
    """Those among the running without a heartbeat for EXPORT_STALE_AFTER seconds."""
    oldest_queued_at: datetime | None

    @property
    def queue_label(self) -> str:
        """Return what the queue is called, in the reader's language."""
        return str(dict(TaskQueue.choices).get(self.queue, self.queue))


@dataclass(frozen=True)
class Pace:
    """How long the latest successes of a job took, in seconds: the median, and what one in twenty exceeds."""

    name: str
    count: int
    wait_p50: float
    wait_p95: float
    duration_p50: float
    duration_p95: float


def active_tasks() -> list[ActiveTasks]:
    """Return the tasks that are queued or running, by queue and name."""
    now = timezone.now()
    paused = Q(queue__in=list(QueuePause.objects.values_list("queue", flat=True)))
    queued = Q(status=TaskStatus.QUEUED) & (Q(run_after=None) | Q(run_after__lte=now)) & ~paused
    running = Q(status=TaskStatus.RUNNING)
    figures = (
        Task.objects.active()
        .values("queue", "name")
        .order_by("queue", "name")
        .annotate(
            queued=Count("pk", filter=queued),
            deferred=Count("pk", filter=Q(status=TaskStatus.QUEUED) & (Q(run_after__gt=now) | paused)),
            running=Count("pk", filter=running),
            stale=Count("pk", filter=running & Q(heartbeat_at__lt=stale_since())),
            oldest_queued_at=Min("queued_at", filter=queued),
        )
    )
    return [ActiveTasks(**row) for row in figures]


def outcomes(*, since: datetime) -> dict[str, int]:
    """Return the number of tasks with each status, of those created since then."""
    rows = Task.objects.filter(name__in=JOBS, status__in=TaskStatus.values, created_at__gte=since)
    return dict.fromkeys(TaskStatus.values, 0) | dict(rows.values_list("status").annotate(Count("pk")).order_by())


def recent_pace() -> list[Pace]:
    """Return the pace of each job that has succeeded in the last SAMPLE_AGE, from SAMPLE_SIZE tasks at most."""
    return [pace for name in JOBS if (pace := _pace_of(name))]


def _pace_of(name: str) -> Pace | None:
    rows = Task.objects.filter(name=name, status=TaskStatus.SUCCEEDED, created_at__gte=timezone.now() - SAMPLE_AGE)
    times = rows.order_by("-created_at").values_list("created_at", "started_at", "ended_at")[:SAMPLE_SIZE]
    timed = [(created, started, ended) for created, started, ended in times if started and ended]
    if not timed:
        return None
    waits = [(started - created).total_seconds() for created, started, _ended in timed]
    durations = [(ended - started).total_seconds() for _created, started, ended in timed]
    figures = (percentile(values, part) for values in (waits, durations) for part in (0.50, 0.95))
    return Pace(name, len(timed), *figures)


def percentile(figures: Iterable[float], part: float) -> float:
    """Return the figure that `part` of all do not exceed (nearest rank)."""
    ranked = sorted(figures)
    return ranked[math.ceil(part * len(ranked)) - 1]
