"""A queued task's place in the queue, and about how long it will wait there."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from django.db.models import Count, Q
from django.utils import timezone

from tasks.models import Task, TaskStatus
from tasks.models.task import stale_since

MIN_ELAPSED_SECONDS = 2.0  # seconds of work after which its pace tells the rest
SAMPLED_SUCCESSES = 9  # latest successes of a kind, whose median duration is typical


@dataclass(frozen=True)
class Wait:
    """What a queued task waits for."""

    ahead: int
    """Tasks of the same queue that are running or come first."""
    seconds: int | None
    """How long that is likely to take; None when nothing tells."""
    running: int = field(default=0, compare=False)
    """Those among the tasks ahead that a worker runs: the row of a dead worker's task still says so."""


def task_wait(task: Task) -> Wait | None:
    """Return what the task waits for, or None when it is not queued.

    It waits for its own queue only: a worker serves the queues in turn.
    """
    if task.status != TaskStatus.QUEUED:
        return None
    queue = Task.objects.filter(queue=task.queue)
    running = list(queue.filter(status=TaskStatus.RUNNING))
    # Counted by the database: each waiting member's page asks for this every few seconds, and thousands may wait.
    is_earlier = Q(queued_at__lt=task.queued_at) | Q(queued_at=task.queued_at, pk__lt=task.pk)
    earlier = queue.filter(is_earlier, status=TaskStatus.QUEUED)
    queued = Counter(dict(earlier.order_by().values_list("name").annotate(Count("pk"))))
    ahead = len(running) + queued.total()
    since = stale_since()
    living = [other for other in running if other.heartbeat_at and other.heartbeat_at >= since]
    return Wait(ahead, _seconds(running, queued, task.queue) if ahead else None, len(living))


def task_remaining_seconds(task: Task) -> int | None:
    """Return how long a running task has still to go by its own pace; None while nothing tells."""
    if task.status != TaskStatus.RUNNING or not task.progress or _elapsed(task) < MIN_ELAPSED_SECONDS:
        return None
    return round(_remaining_seconds(task, None) or 0)


def _seconds(running: list[Task], queued: Counter[str], queue: str) -> int | None:
    """Return the seconds of work ahead, shared among as many workers as are running tasks."""
    typical = {name: _typical_seconds(name, queue) for name in {*queued, *(task.name for task in running)}}
    parts = [_remaining_seconds(task, typical[task.name]) for task in running]
    for name, count in queued.items():
        seconds = typical[name]
        parts.append(None if seconds is None else count * seconds)
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return round(sum(known) / max(1, len(running)))


def _remaining_seconds(task: Task, typical: float | None) -> float | None:
    """Return how long a running task has still to go: by its own progress, or as its kind usually takes."""
    elapsed = _elapsed(task)
    if task.progress:
        return elapsed * (100 - task.progress) / task.progress
    return None if typical is None else max(0.0, typical - elapsed)


def _elapsed(task: Task) -> float:
    return (timezone.now() - task.started_at).total_seconds() if task.started_at else 0.0


def _typical_seconds(name: str, queue: str) -> float | None:
    """Return the median duration of the latest successes of that name and queue."""
    rows = Task.objects.filter(name=name, status=TaskStatus.SUCCEEDED, started_at__isnull=False, queue=queue)
    durations = [
        task.duration.total_seconds() for task in rows.order_by("-created_at")[:SAMPLED_SUCCESSES] if task.duration
    ]
    return median(durations) if durations else None
