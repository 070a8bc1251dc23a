"""The kinds of export that a member is offered: whether each can be started, and what to expect of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median
from typing import Any

import orjson
from django.db.models import QuerySet

from accounts.models import User
from exports.export_job import ExportJob, export_jobs
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
    """One kind of export, as it is offered to a member."""

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
    """Return every kind of export by what `POST /exports/` takes."""
    jobs = export_jobs()
    names = [job.name for job in jobs.values()]
    active = {task.name: task for task in Task.objects.active().filter(user=user, name__in=names)}
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
    posts, messages = user.posts.all(), [user.messages_sent.all(), user.messages_received.all()]
    counts = {
        "posts": posts.count(),
        "messages": sum(rows.count() for rows in messages),
        "follows": user.follows.count(),
        "followers": user.followed_by.count(),
    }
    posts_bytes = EMPTY_BYTES + counts["posts"] * _record_bytes([posts])
    archive_bytes = ARCHIVE_BYTES + ARCHIVE_RATIO * (posts_bytes + counts["messages"] * _record_bytes(messages))
    sizes = {job: round(archive_bytes if job.is_recommended else posts_bytes) for job in jobs}
    return {job.name: Estimate(**counts, size=size, seconds=_seconds(user, job, size)) for job, size in sizes.items()}


def _record_bytes(tables: Sequence[QuerySet[Any]]) -> float:
    """Return the mean bytes that one record of the member takes as JSON, by the newest of each table."""
    newest = [rows.order_by("-timestamp", "-id").values_list("body", flat=True)[:SAMPLED_TEXTS] for rows in tables]
    lengths = [len(orjson.dumps(text)) + RECORD_BYTES for texts in newest for text in texts]
    return fmean(lengths) if lengths else 0.0


def _seconds(user: User, job: type[ExportJob], size: int) -> float | None:
    """Return how long exports like this took lately: small ones all take about as long, large ones as their size."""
    queue = job.queue(user)
    recent = Task.objects.filter(name=job.name, status=TaskStatus.SUCCEEDED, queue=queue, archive__size__gt=0)
    rows = recent.order_by("-created_at").values_list("started_at", "ended_at", "archive__size")[:RECENT_TASKS]
    took = [((ended - started).total_seconds(), bytes_) for started, ended, bytes_ in rows if started and ended]
    if not took:
        return None
    durations: list[float] = [seconds for seconds, _bytes in took]
    return median(durations) if queue == TaskQueue.SMALL else size * sum(durations) / sum(bytes_ for _, bytes_ in took)
