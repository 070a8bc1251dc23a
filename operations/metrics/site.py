"""Figures of the database and the queue, read at each scrape by a few queries on indexes.

All web processes on all machines return the same figures, so an expression takes their `max`, not their sum.
"""

import logging
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.health import Status, worst
from core.periodic import REGULAR
from exports.building.space import free_space
from exports.delivery.sending import Outcome
from exports.export_job import export_names
from exports.figures import email_counts, kept_files
from imports.figures import entry_counts, files_kept
from operations.check_runner import run_quick
from operations.metrics.families import counter, gauge, histogram
from tasks.models import TaskQueue, TaskStatus
from tasks.models.event import Reason
from tasks.queue.client import queue_lengths
from tasks.queue.workers import workers_alive
from tasks.registry import JOBS
from tasks.services import counters
from tasks.services.figures import active_tasks as active_tasks_now
from tasks.services.housekeeping import housekeeping_done

logger = logging.getLogger(__name__)

STORAGE_FRESH_FOR = 60  # seconds; that many rows take a moment to add up
STATES = {"queued": "queued", "put_off": "deferred", "running": "running", "silent": "stale"}
"""The label's values, which alerts and dashboards use, and the attributes that hold the figures."""
ENDS = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED)

PARTS: list[Callable[[], Iterator[Metric]]] = []


def part(collect: Callable[[], Iterator[Metric]]) -> Callable[[], Iterator[Metric]]:
    """Register a part of the metrics; if it fails, the other parts are still returned."""
    PARTS.append(collect)
    return collect


@part
def checks() -> Iterator[Metric]:
    """Yield the status of each quick check; the queue's also under its older name."""
    statuses = {check.name: worst(findings) for check, findings in run_quick()}
    values = {(name,): int(status) for name, status in statuses.items()}
    yield gauge("check_status", "Status of a check: 0 ok, 1 warning, 2 failing.", "check", values)
    accepts = statuses["queue"] < Status.FAILING
    words = "Whether the queue server takes jobs; one that answers can refuse them."
    yield gauge("queue_accepts_jobs", words, "", {(): int(accepts)})
    # Workers can't send heartbeats to a server that refuses writes.
    alive = {(): workers_alive()} if accepts else {}
    yield gauge("workers_alive", "Workers that sent a heartbeat lately.", "", alive)


@part
def queue() -> Iterator[Metric]:
    """Yield the lengths of the queues."""
    jobs = {(name,): length for name, length in queue_lengths().items()}
    yield gauge("queue_jobs", "Jobs that wait in a queue.", "queue", jobs)


@part
def active_tasks() -> Iterator[Metric]:
    """Yield the active tasks, and how long the oldest has waited for a worker."""
    now = time.time()
    active = dict.fromkeys(product(TaskQueue.values, JOBS, STATES), 0.0)
    waiting = dict.fromkeys(product(TaskQueue.values, JOBS), 0.0)
    for line in active_tasks_now():
        active |= {(line.queue, line.name, state): getattr(line, figure) for state, figure in STATES.items()}
        if line.oldest_queued_at:
            waiting[line.queue, line.name] = max(0.0, now - line.oldest_queued_at.timestamp())
    words = "Tasks that are not over; silent ones are among the running."
    yield gauge("tasks_active", words, "lane name state", active)
    yield gauge("task_oldest_queued_seconds", "How long the oldest queued task has waited.", "lane name", waiting)


@part
def ended_tasks() -> Iterator[Metric]:
    """Yield the counts of ended tasks and of events, how long tasks took, and the sizes of archives."""
    ends = dict.fromkeys(((name, str(end)) for name in JOBS for end in ENDS), 0.0) | counters.counters("tasks")
    yield counter("tasks", "Tasks that are over.", "name status", ends)
    events = dict.fromkeys(((name, str(reason)) for name in JOBS for reason in Reason), 0.0)
    yield counter("task_events", "What happened to tasks.", "name reason", events | counters.counters("events"))
    wait, wait_words = counters.counters("wait"), "Time from the click until a worker began."
    seconds, sizes = counters.SECONDS, counters.BYTES
    yield histogram("task_wait_seconds", wait_words, "lane", TaskQueue.values, totals=wait, limits=seconds)
    work, work_words = counters.counters("seconds"), "Time that the last attempt of a task that succeeded took."
    yield histogram("task_duration_seconds", work_words, "name", JOBS, totals=work, limits=seconds)
    size, names = counters.counters("bytes"), export_names()
    yield histogram("archive_size_bytes", "Sizes of archives.", "name", names, totals=size, limits=sizes)


@part
def mails() -> Iterator[Metric]:
    """Yield the pending emails, the undelivered ones, and the attempts to send."""
    counts = {(state,): count for state, count in email_counts().items()}
    lost = {state: counts.pop(state) for state in (("given_up",), ("returned",))}
    words = "Emails to be sent; waiting includes the others, and failing those refused because of the site."
    yield gauge("mails_to_send", words, "state", counts)
    yield gauge("mails_undelivered", "Emails of the last 7 days that did not arrive, as far as known.", "state", lost)
    tries = dict.fromkeys(((str(outcome),) for outcome in Outcome), 0.0) | counters.counters("mails")
    yield counter("mails", "Attempts to send an email about an export, by outcome.", "outcome", tries)


@part
def storage() -> Iterator[Metric]:
    """Yield the number and size of archives, and the free space on this machine."""
    kept = _kept_files(int(time.time() / STORAGE_FRESH_FOR))
    yield gauge("archives_kept", "Archives whose file is kept.", "", {(): kept["files"]})
    yield gauge("archives_kept_bytes", "Bytes of the files that are kept.", "", {(): kept["bytes"]})
    yield gauge("disk_free_bytes", "Bytes free on the disk of this machine that is fullest.", "", {(): free_space()})


@lru_cache(maxsize=1)
def _kept_files(_moment: int) -> dict[str, int]:
    return kept_files()


@part
def imports() -> Iterator[Metric]:
    """Yield what imports have made of archives' entries, and the number of files that are kept."""
    words = "Entries of archives, by what imports have made of them."
    yield counter("import_entries", words, "outcome", entry_counts())
    yield gauge("import_files_kept", "Files that are kept until their import ends.", "", {(): files_kept()})


@part
def housekeeping() -> Iterator[Metric]:
    """Yield when each periodic function last ran (0: never), and whether it failed."""
    done = {row.name: row for row in housekeeping_done()}
    names = [work.__name__ for work in REGULAR]
    times = {(name,): done[name].at.timestamp() if name in done else 0 for name in names}
    yield gauge("housekeeping_timestamp_seconds", "When this part was last done.", "part", times)
    failed = {(name,): int(name in done and bool(done[name].error)) for name in names}
    yield gauge("housekeeping_failed", "Whether this part met an error when it was last done.", "part", failed)


class SiteCollector(Collector):
    """Collects all parts. A part that fails because its server is unavailable is reported as missing."""

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        missing = {}
        for collect in PARTS:
            found: list[Metric] = []
            try:
                found.extend(collect())
            except Exception:
                logger.warning("The metrics of %s are left out", collect.__name__, exc_info=True)
            missing[collect.__name__,] = int(not found)
            yield from found
        yield gauge("metrics_missing", "Whether this part of the metrics is missing.", "part", missing)
