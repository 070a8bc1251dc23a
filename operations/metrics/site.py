"""What rows and queue know, asked when Prometheus asks: some queries on indexes, however much there is.

All web processes of all machines answer the same here, so that a query takes the `max` of them, not the sum.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import product

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.periodic import REGULAR
from exports.delivery.sending import Outcome
from exports.export_job import export_names
from operations import site_health
from operations.metrics.families import counter, gauge, histogram
from tasks.models import TaskLane, TaskStatus
from tasks.models.event import Reason
from tasks.queue.client import QueueUnavailableError, queue_lengths, queue_probe_quickly
from tasks.queue.workers import workers_alive
from tasks.registry import JOBS
from tasks.services import counters
from tasks.services.housekeeping import housekeeping_done

logger = logging.getLogger(__name__)

STORAGE_HOLDS_FOR = 60  # seconds; that many files take a moment to add up
STATES = ("queued", "put_off", "running", "silent")
ENDS = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED)


def active_tasks() -> Iterator[Metric]:
    """Yield the tasks that are not over, and how long one has waited for a worker."""
    now = time.time()
    active = dict.fromkeys(product(TaskLane.values, JOBS, STATES), 0.0)
    waiting = dict.fromkeys(product(TaskLane.values, JOBS), 0.0)
    for line in site_health.active_tasks():
        active |= {(line.lane, line.name, state): getattr(line, state) for state in STATES}
        if line.oldest_queued_at:
            waiting[line.lane, line.name] = max(0.0, now - line.oldest_queued_at.timestamp())
    words = "Tasks that are not over; silent ones are among the running."
    yield gauge("tasks_active", words, "lane name state", active)
    yield gauge("task_oldest_queued_seconds", "How long the task waits that waits longest.", "lane name", waiting)


def queue() -> Iterator[Metric]:
    """Yield what the queue server knows."""
    jobs = {(name,): length for name, length in queue_lengths().items()}
    yield gauge("queue_jobs", "Jobs that wait in a queue.", "queue", jobs)
    words = "Whether the queue server takes jobs; one that answers can refuse them."
    accepts = _queue_accepts_jobs()
    yield gauge("queue_accepts_jobs", words, "", {(): int(accepts)})
    # To a server that refuses writes no worker can give a sign of life.
    alive = {(): workers_alive()} if accepts else {}
    yield gauge("workers_alive", "Workers that gave a sign of life lately.", "", alive)


def _queue_accepts_jobs() -> bool:
    try:
        queue_probe_quickly()
    except QueueUnavailableError:
        return False
    return True


def ended_tasks() -> Iterator[Metric]:
    """Yield what has happened to tasks since the counting began."""
    ends = dict.fromkeys(((name, str(end)) for name in JOBS for end in ENDS), 0.0) | counters.counters("tasks")
    yield counter("tasks", "Tasks that are over.", "name status", ends)
    events = dict.fromkeys(((name, str(reason)) for name in JOBS for reason in Reason), 0.0)
    yield counter("task_events", "What befell tasks.", "name reason", events | counters.counters("events"))
    yield from measurements()


def measurements() -> Iterator[Metric]:
    """Yield how long tasks waited and took, and how large archives became."""
    seconds, sizes = counters.SECONDS, counters.BYTES
    wait, wait_words = counters.counters("wait"), "Time from the click until a worker began."
    yield histogram("task_wait_seconds", wait_words, "lane", TaskLane.values, totals=wait, limits=seconds)
    work, work_words = counters.counters("seconds"), "Time that the last attempt of a task that succeeded took."
    yield histogram("task_duration_seconds", work_words, "name", JOBS, totals=work, limits=seconds)
    size, names = counters.counters("bytes"), export_names()
    yield histogram("archive_size_bytes", "Sizes of archives.", "name", names, totals=size, limits=sizes)


def mails() -> Iterator[Metric]:
    """Yield the emails that wait, and what became of the others."""
    found = site_health.mails_to_send()
    values = {(state,): getattr(found, state) for state in ("waiting", "failing", "site_refused", "overdue")}
    words = "Emails to be sent; waiting includes the others, and failing those refused because of the site."
    yield gauge("mails_to_send", words, "state", values)
    lost = {(state,): getattr(found, state) for state in ("given_up", "returned")}
    yield gauge("mails_undelivered", "Emails of the last 7 days that did not arrive, as far as known.", "state", lost)
    tries = dict.fromkeys(((str(outcome),) for outcome in Outcome), 0.0) | counters.counters("mails")
    yield counter("mails", "Attempts to send an email about an export, by outcome.", "outcome", tries)


def storage() -> Iterator[Metric]:
    """Yield what the archives take, and the room for more on this machine."""
    found = _storage(int(time.time() / STORAGE_HOLDS_FOR))
    yield gauge("archives_kept", "Archives whose file is kept.", "", {(): found.files})
    yield gauge("archives_kept_bytes", "Bytes of the files that are kept.", "", {(): found.bytes})
    yield gauge("disk_free_bytes", "Bytes free on the disk of this machine that is fullest.", "", {(): found.free})


@lru_cache(maxsize=1)
def _storage(_moment: int) -> site_health.Stored:
    return site_health.storage_used()


def housekeeping() -> Iterator[Metric]:
    """Yield when each part was last done; 0 for never."""
    done = {row.name: row for row in housekeeping_done()}
    names = [care.__name__ for care in REGULAR]
    times = {(name,): done[name].at.timestamp() if name in done else 0 for name in names}
    yield gauge("housekeeping_timestamp_seconds", "When this part was last done.", "part", times)
    failed = {(name,): int(name in done and bool(done[name].error)) for name in names}
    yield gauge("housekeeping_failed", "Whether this part met an error when it was last done.", "part", failed)


PARTS: tuple[Callable[[], Iterable[Metric]], ...] = (
    active_tasks,
    queue,
    ended_tasks,
    mails,
    storage,
    housekeeping,
)


class SiteCollector(Collector):
    """All of it. A part that cannot be had, with its server away, is left out, and says so."""

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        missing = {}
        for part in PARTS:
            try:
                found = list(part())
            except Exception:
                logger.warning("The metrics of %s are left out", part.__name__, exc_info=True)
                found = []
            missing[part.__name__,] = int(not found)
            yield from found
        yield gauge("metrics_missing", "Whether this part of the metrics could not be had.", "part", missing)
