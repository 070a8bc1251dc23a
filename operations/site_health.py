"""How the exports are doing, in figures: for whoever looks after the site, and for what looks after it by itself.

Each figure costs a query or two on an index, however many rows there are. What only the queue server knows is None
while that is out of reach; all else comes from the rows, which are the truth.
"""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from exports.building.space import free_space
from exports.delivery.sending import ACCOUNT_CLOSED, NO_ADDRESS, RECIPIENT_REFUSED, SITE_REFUSED
from exports.export_job import export_names
from exports.models import Archive, FailureEmail
from exports.models.mailing import MailEvent
from exports.storage.files import StorageUnavailableError, storage_ping
from tasks.models import Housekeeping, Task, TaskLane, TaskStatus
from tasks.queue.client import QueueUnavailableError, queue_lengths, queue_probe_quickly
from tasks.queue.problems import QueueProblem
from tasks.queue.workers import LivingWorker, living_workers
from tasks.services.housekeeping import housekeeping_done

logger = logging.getLogger(__name__)

SAMPLE = 500
"""The newest successes of each kind that percentiles are taken of, at most."""

SAMPLE_AGE = timedelta(days=7)

OVERDUE_AFTER = timedelta(minutes=2)
"""A worker takes on a mail within seconds of its time; after so long there is nobody to do it."""


@dataclass(frozen=True)
class Line:
    """The active tasks of one name in one lane."""

    lane: str
    name: str
    queued: int
    """Those that a worker could take now."""
    put_off: int
    """Those that wait for their next attempt's time."""
    running: int
    silent: int
    """Those of the running whose worker has not been heard of for EXPORT_STALE_AFTER seconds."""
    oldest_queued_at: datetime | None

    @property
    def lane_label(self) -> str:
        """Return what the lane is called, in the reader's language."""
        return str(dict(TaskLane.choices).get(self.lane, self.lane))


@dataclass(frozen=True)
class Spread:
    """How a figure is spread over a sample: the middle, and what one in twenty exceeds; None without a sample."""

    count: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True)
class Pace:
    """How the newest successes went: seconds from click to start, seconds of the last attempt, bytes."""

    wait: Spread
    duration: Spread
    size: Spread


@dataclass(frozen=True)
class Mails:
    """The emails about exports: those still to be sent, and those of the last SAMPLE_AGE that never arrived."""

    waiting: int
    failing: int
    """Those among the waiting whose last attempt failed."""
    site_refused: int
    """Those among the failing that the mail server refuses because of the site: its sign-in, or its standing."""
    overdue: int
    """Those among the waiting whose time came OVERDUE_AFTER ago, and that no worker has taken."""
    given_up: int
    """Those that no worker sends any more, though the address may be right."""
    returned: int
    """Those whose address was refused, or that came back."""


@dataclass(frozen=True)
class Stored:
    """The files that are kept, and the room for more."""

    files: int
    bytes: int
    free: int
    """Bytes free on this machine's disk, where exports are built; the fuller disk if there are two."""


@dataclass(frozen=True)
class Health:
    """All of it, at one moment."""

    at: datetime
    lines: list[Line]
    queue_problem: QueueProblem | None
    """Why no job can be queued; None if one can."""
    queue_lengths: dict[str, int] | None
    workers: list[LivingWorker] | None
    outcomes: dict[str, int]
    pace: Pace
    mails: Mails
    stored: Stored
    is_storage_ready: bool
    """Whether the storage of archives answers, by the check that `/readyz` makes."""
    housekeeping: list[Housekeeping]

    @property
    def oldest_queued_age(self) -> timedelta | None:
        """Return how long the task has waited that waits longest for a worker; None if none waits."""
        return max((self.at - line.oldest_queued_at for line in self.lines if line.oldest_queued_at), default=None)

    @property
    def last_housekeeping(self) -> datetime | None:
        """Return when every part of the housekeeping had been done; None if it never was."""
        return min((part.at for part in self.housekeeping), default=None)


def site_health(*, since: datetime) -> Health:
    """Return every figure now; the outcomes are those of the exports that were asked for since then."""
    problem, lengths, workers = _told_by_queue()
    return Health(
        at=timezone.now(),
        lines=active_tasks(),
        queue_problem=problem,
        queue_lengths=lengths,
        workers=workers,
        outcomes=outcomes_since(since),
        pace=recent_pace(),
        mails=mails_to_send(),
        stored=storage_used(),
        is_storage_ready=_is_storage_ready(),
        housekeeping=housekeeping_done(),
    )


def active_tasks() -> list[Line]:
    """Return the tasks that are queued or running, by lane and name."""
    now = timezone.now()
    queued = Q(status=TaskStatus.QUEUED) & (Q(due_at=None) | Q(due_at__lte=now))
    running = Q(status=TaskStatus.RUNNING)
    silent = running & Q(heartbeat_at__lt=now - timedelta(seconds=settings.EXPORT_STALE_AFTER))
    rows = Task.objects.active().values("lane", "name").order_by("lane", "name")
    figures = rows.annotate(
        queued=Count("pk", filter=queued),
        put_off=Count("pk", filter=Q(status=TaskStatus.QUEUED) & Q(due_at__gt=now)),
        running=Count("pk", filter=running),
        silent=Count("pk", filter=silent),
        oldest_queued_at=Min("queued_at", filter=queued),
    )
    return [Line(**row) for row in figures]


def outcomes_since(since: datetime) -> dict[str, int]:
    """Return how many of the exports that were asked for since then have each status; every status is there."""
    rows = Task.objects.filter(name__in=export_names(), status__in=TaskStatus.values, created_at__gte=since)
    found = dict(rows.values_list("status").annotate(Count("pk")).order_by())
    return {status: found.get(status, 0) for status in TaskStatus.values}


def recent_pace() -> Pace:
    """Return how the newest successes went: SAMPLE of each kind at most, none older than SAMPLE_AGE."""
    sample = [row for name in export_names() for row in _newest_successes(name)]
    return Pace(
        wait=spread((started - created).total_seconds() for created, started, _ended, _size in sample),
        duration=spread((ended - started).total_seconds() for _created, started, ended, _size in sample),
        size=spread(size for *_times, size in sample if size is not None),
    )


def _newest_successes(name: str) -> Iterable[tuple[Any, ...]]:
    since = timezone.now() - SAMPLE_AGE
    rows = Task.objects.filter(name=name, status=TaskStatus.SUCCEEDED, created_at__gte=since)
    timed = rows.filter(started_at__isnull=False, ended_at__isnull=False).order_by("-created_at")
    return timed.values_list("created_at", "started_at", "ended_at", "archive__size")[:SAMPLE]


def spread(figures: Iterable[float]) -> Spread:
    """Return the middle and the 95th percentile, each one of the figures (nearest rank)."""
    ranked = sorted(figures)
    return Spread(len(ranked), _percentile(ranked, 0.50), _percentile(ranked, 0.95))


def _percentile(ranked: Sequence[float], part: float) -> float | None:
    return ranked[math.ceil(part * len(ranked)) - 1] if ranked else None


def mails_to_send() -> Mails:
    """Return the emails with a file or a link, and those about failed exports."""
    now = timezone.now()
    recent = now - SAMPLE_AGE
    waiting, failed = Q(mail_due_at__isnull=False), ~Q(mail_error="")
    returned = Q(mail_error=RECIPIENT_REFUSED) | Q(mail_event__in=(MailEvent.BOUNCED, MailEvent.REJECTED))
    given_up = failed & ~Q(mail_error__in=(RECIPIENT_REFUSED, NO_ADDRESS, ACCOUNT_CLOSED))
    figures = {
        "waiting": Count("pk", filter=waiting),
        "failing": Count("pk", filter=waiting & failed),
        "site_refused": Count("pk", filter=waiting & Q(mail_error=SITE_REFUSED)),
        "overdue": Count("pk", filter=Q(mail_due_at__lte=now - OVERDUE_AFTER)),
        "given_up": Count("pk", filter=~waiting & given_up),
        "returned": Count("pk", filter=~waiting & returned),
    }
    archives = Archive.objects.kept().filter(waiting | Q(created_at__gte=recent)).aggregate(**figures)
    failures = FailureEmail.objects.filter(waiting | Q(task__ended_at__gte=recent)).aggregate(**figures)
    return Mails(**{name: archives[name] + failures[name] for name in figures})


def storage_used() -> Stored:
    """Return what the kept files take, by their rows: a bucket is not asked."""
    kept = Archive.objects.kept().aggregate(files=Count("pk"), total=Sum("size"))
    return Stored(files=kept["files"], bytes=kept["total"] or 0, free=free_space())


def _is_storage_ready() -> bool:
    try:
        storage_ping()
    except StorageUnavailableError:
        logger.warning("The storage of archives is unavailable", exc_info=True)
        return False
    return True


def _told_by_queue() -> tuple[QueueProblem | None, dict[str, int] | None, list[LivingWorker] | None]:
    """Return what is wrong with the queue server, what waits there, and the living workers.

    A server that hangs is asked once, and not for long. To one that refuses writes no worker gives a sign of life.
    """
    try:
        queue_probe_quickly()
        return None, queue_lengths(), living_workers()
    except QueueUnavailableError as error:
        return error.problem, None, None
