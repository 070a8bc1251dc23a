"""From the click to the job's first line, on an idle worker, the request included.

A real POST with a CSRF token to a real gunicorn, one after another, each when the worker is idle again. The first
line is the claim's clock, `started_at`. The yardstick, in turn with ours: RQ alone, from `enqueue` to the moment
that it notes in a work-horse of the same worker, just before it calls the function.
"""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from uuid import uuid4

import django_rq
from django.urls import reverse
from rq import Worker

from accounts.models import User
from benchmarks.bench import Bench
from benchmarks.exporting import succeeded, wait_for_job
from benchmarks.figures import Figure, compared, in_turn, seconds
from benchmarks.servers import gunicorn, worker
from benchmarks.visitor import Visitor
from tasks.queue.client import QUEUE_NAME
from tests.members import make_member
from tests.waiting import wait_until

ROUNDS = 40
LIMIT = 1.35


def measure(bench: Bench) -> Iterator[Figure]:
    """Click, and click again."""
    user = make_member("clicker")
    with worker(bench), gunicorn(bench, workers=2) as (port, _pid):
        clicks = Clicks(user, Visitor(port).sign_in(user.username))
        theirs, ours = in_turn(bench.rounds(ROUNDS), enqueue_to_start, clicks)
    name = "start: click to the job's first line"
    yield compared(name, bench.database, ours=ours, yardstick=theirs, what="RQ alone", limit=LIMIT)
    for name, series in clicks.parts.items():
        yield Figure(f"start: of that, {name}", bench.database, seconds(statistics.median(series)))


class Clicks:
    """A member who starts an export, and where the time went."""

    def __init__(self, user: User, visitor: Visitor) -> None:
        self.user = user
        self.visitor = visitor
        self.parts: dict[str, list[float]] = {
            "request until the job is queued": [],
            "queue and fork until RQ has the job": [],
            "until the claim": [],
            "the whole request, as the browser sees it": [],
        }

    def __call__(self) -> float:
        """Start an export; return the seconds from the click to its first line."""
        wait_until_idle()
        clicked = datetime.now(UTC)
        status = self.visitor.post(reverse("exports:list"), kind="posts")
        answered = datetime.now(UTC)
        if status != 302:
            raise RuntimeError(f"Starting an export was answered with {status}.")
        return self._seconds(clicked, answered)

    def _seconds(self, clicked: datetime, answered: datetime) -> float:
        task = self.user.tasks.latest("created_at")
        job = wait_for_job(str(task.pk))
        first_line = succeeded(task).started_at
        assert job.enqueued_at
        assert job.started_at
        assert first_line
        moments = [clicked, job.enqueued_at, job.started_at, first_line]
        steps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
        for series, step in zip(self.parts.values(), [*steps, (answered - clicked).total_seconds()], strict=True):
            series.append(step)
        return (first_line - clicked).total_seconds()


def enqueue_to_start() -> float:
    """Return the seconds from RQ's `enqueue` to the job's start, without us: there is nothing of that id to mail."""
    wait_until_idle()
    started = datetime.now(UTC)
    job = wait_for_job(
        django_rq.get_queue(QUEUE_NAME).enqueue_call("exports.jobs.deliver_archive", args=(str(uuid4()),)).id
    )
    assert job.started_at
    return (job.started_at - started).total_seconds()


def wait_until_idle() -> None:
    """Return when the worker waits for a job, and has waited for a moment, as it would before a real click."""
    connection = django_rq.get_connection(QUEUE_NAME)
    wait_until(lambda: all(found.get_state() == "idle" for found in Worker.all(connection=connection)))
    time.sleep(0.05)
