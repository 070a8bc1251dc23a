"""Requests a second of the poll, beside a minimal Django view (see `benchmarks.minimal`) on the same rows.

wrk, 16 connections, a few seconds each in turn, against gunicorn with two synchronous workers each. Idle: nothing is
newer than `since`, for a member without notifications, and for one who had some a minute ago, whose tasks the site
checks at each poll. With a task running: a worker writes its progress every second, and each thread of wrk follows as
`poll.js` does, by sending the latest timestamp it received.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import User
from benchmarks.bench import Bench
from benchmarks.figures import Figure, UnavailableError, compared, in_turn
from benchmarks.servers import MINIMAL, gunicorn, worker
from benchmarks.visitor import Visitor
from notifications.cursors import MICROSECONDS, cursor_to_seconds
from tasks.jobs import Example
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tasks.services.transitions import task_cancel
from tests.members import make_member
from tests.waiting import wait_until

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 16
LIMIT = 2.0
SCRIPT = Path(__file__).with_name("poll.lua")

Rate = Callable[[], float]


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the two, idle and with a task running."""
    if not shutil.which("wrk"):
        raise UnavailableError("wrk is not installed; on Debian: apt install wrk")
    user = make_member("reader")
    Task.objects.create(user=user, name=Example.name, status=TaskStatus.SUCCEEDED, progress=100)
    with ExitStack() as stack:
        [site, _], [minimal, _] = (
            stack.enter_context(gunicorn(bench, workers=2)),
            stack.enter_context(gunicorn(bench, workers=2, **MINIMAL)),
        )
        cookie = Visitor(site).sign_in(user.username).cookie_header
        runs = (Polling(bench, minimal, minimal_cookie(user)), Polling(bench, site, cookie))
        yield compare(bench, "idle", user, runs)
        minute_ago = round((time.time() - 60) * MICROSECONDS)
        User.objects.filter(pk=user.pk).update(notification_cursor=minute_ago)
        yield compare(bench, "idle, notified a minute ago", user, runs)
        with running_task(bench, user):
            yield compare(bench, "a task running", user, runs)


def compare(bench: Bench, state: str, user: User, runs: "tuple[Polling, Polling]") -> Figure:
    """Return the figure that compares the minimal view and ours, in turn."""
    theirs, ours = in_turn(bench.rounds(ROUNDS), *(run.since(user) for run in runs))
    return compared(
        f"poll: requests a second, {state}",
        bench.database,
        ours=ours,
        yardstick=theirs,
        what="minimal view",
        limit=LIMIT,
        at_least=True,
        shown=lambda rate: f"{rate:.0f}",
    )


@contextmanager
def running_task(bench: Bench, user: User) -> Iterator[None]:
    """Keep a task of the member running within the block."""
    with worker(bench):
        task = task_launch(user=user, name=Example.name, params={"seconds": 3600})
        try:
            wait_until(lambda: Task.objects.get(pk=task.pk).status == TaskStatus.RUNNING, what="The running task")
            yield
        finally:
            task_cancel(task)


def minimal_cookie(user: User) -> str:
    """Return the cookie of a new session of the member, as Django's own backend would make it."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"sessionid={session.session_key}"


class Polling:
    """wrk, asking one server as one member."""

    def __init__(self, bench: Bench, port: int, cookie: str) -> None:
        self.duration = 1 if bench.quick else SECONDS
        self.url = f"http://127.0.0.1:{port}/notifications/"
        self.cookie = cookie

    def since(self, user: User) -> Rate:
        """Return a function that polls for what is newer than all there is now, and returns requests a second."""
        user.refresh_from_db()
        url = f"{self.url}?since={cursor_to_seconds(user.notification_cursor)!r}"
        return lambda: self._rate(url)

    def _rate(self, url: str) -> float:
        options = ["-c", str(CONNECTIONS), "-t", "2", "-d", f"{self.duration}s", "-H", f"Cookie: {self.cookie}"]
        command = ["wrk", *options, "-s", str(SCRIPT), url]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rate = re.search(r"Requests/sec:\s*([\d.]+)", output)
        if rate is None or "Non-2xx" in output:
            raise RuntimeError(f"wrk was not answered as it should be:\n{output}")
        return float(rate.group(1))
