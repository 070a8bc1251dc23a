"""The kinds of export that a member can request: whether each can be started, and what to expect of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median

import orjson
from django.conf import settings

from accounts.models import User
from exports.export_job import ExportJob, export_jobs, export_names
from tasks.models import Task, TaskQueue, TaskStatus
from tasks.services.cooldown import next_starts

SAMPLED_TEXTS = 200  # the newest ones
RECENT_TASKS = 9  # successes of that kind
EMPTY_BYTES = len(b'{"posts":[]}\n')
RECORD_BYTES = len(b'{"body":,"timestamp":"2026-11-23T10:00:00Z"},')
ARCHIVE_BYTES = 20_000  # of an archive without posts: its pages, its style, its manifest
ARCHIVE_RATIO = 1.4  # of a complete archive, which holds each text in several forms, all compressed


@dataclass(frozen=True)
class ExportOption:
    """One kind of export, as the member's page shows it."""

    job: type[ExportJob]
    active: Task | None
    """The member's export of this kind that is waiting or running."""
    next_at: datetime | None
    """When the member can start it again, if they have to wait."""

    @property
    def is_open(self) -> bool:
        """Return whether it can be started now."""
        return self.active is None and self.next_at is None


def export_options(user: User) -> dict[str, ExportOption]:
    """Return every kind of export by its name in `POST /exports/`."""
    jobs = export_jobs()
    active = {task.name: task for task in Task.objects.active().filter(user=user, name__in=export_names())}
    waiting = next_starts(user=user, jobs=jobs.values())
    return {
        kind: ExportOption(job, active=active.get(job.name), next_at=waiting.get(job.name))
        for kind, job in jobs.items()
    }


@dataclass(frozen=True)
class Estimate:
    """What to expect of an export."""

    posts: int
    messages: int
    follows: int
    followers: int
    size: int
    """Bytes of the file."""
    seconds: float | None
    """From a worker's start to the end; None while no export of that kind has succeeded yet."""


def export_estimates(user: User, jobs: Iterable[type[ExportJob]]) -> dict[str, Estimate]:
    """Return what to expect of each kind of export, by the task's name."""
    tables = ("posts", "messages_sent", "messages_received", "follows", "followed_by")
    rows = {table: getattr(user, table).count() for table in tables}
    messages = rows["messages_sent"] + rows["messages_received"]
    posts_bytes = EMPTY_BYTES + rows["posts"] * _record_bytes(user, "posts")
    message_bytes = messages * _record_bytes(user, "messages_sent", "messages_received")
    archive_bytes = ARCHIVE_BYTES + ARCHIVE_RATIO * (posts_bytes + message_bytes)
    estimates = {}
    for job in jobs:
        size = round(archive_bytes if job.is_recommended else posts_bytes)
        is_large = any(rows[table] >= settings.EXPORT_LARGE_FROM for table in job.large_tables)
        seconds = _seconds(job, TaskQueue.LARGE if is_large else TaskQueue.SMALL, size)
        estimates[job.name] = Estimate(rows["posts"], messages, rows["follows"], rows["followed_by"], size, seconds)
    return estimates


def _record_bytes(user: User, *tables: str) -> float:
    """Return the mean bytes that one record of the member takes as JSON, by the newest of each table."""
    newest = [
        getattr(user, table).order_by("-timestamp", "-id").values_list("body", flat=True)[:SAMPLED_TEXTS]
        for table in tables
    ]
    lengths = [len(orjson.dumps(text)) + RECORD_BYTES for texts in newest for text in texts]
    return fmean(lengths) if lengths else 0.0


def _seconds(job: type[ExportJob], queue: TaskQueue, size: int) -> float | None:
    """Return how long recent exports took: all small ones take about as long, large ones in proportion to their size.

    None if no export of that kind has succeeded in the queue.
    """
    recent = Task.objects.filter(name=job.name, status=TaskStatus.SUCCEEDED, queue=queue, archive__size__gt=0)
    recent = recent.filter(archive__is_scheduled=False)  # these wait among large ones, whatever their size
    rows = recent.order_by("-created_at").values_list("started_at", "ended_at", "archive__size")[:RECENT_TASKS]
    took = [((ended - started).total_seconds(), bytes_) for started, ended, bytes_ in rows if started and ended]
    if not took:
        return None
    durations: list[float] = [seconds for seconds, _bytes in took]
    return median(durations) if queue == TaskQueue.SMALL else size * sum(durations) / sum(bytes_ for _, bytes_ in took)
