"""The work: workers, what waits for them, and whether the care of the site is up to date."""

import os
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError
from rq import Worker
from rq.utils import now
from rq.worker import BaseWorker

from core.periodic import REGULAR
from operations.doctor.findings import Finding, fail, ok, warn
from operations.site_health import Mails, mails_to_send
from tasks.models import Task, TaskStatus
from tasks.queue.client import QueueUnavailableError, queue_connection, queue_probe
from tasks.queue.workers import ALIVE_FOR
from tasks.services.housekeeping import housekeeping_done
from tasks.services.recovery import tasks_to_reconcile

LATE = timedelta(minutes=10)
RESTART = "Restart the workers (docs/operations.md, Upgrading)."


def check_workers() -> Iterator[Finding]:
    """Look who is alive, and whether they run this code."""
    try:
        workers = Worker.all(connection=queue_connection())
    except RedisError:
        yield fail("workers", "unknown, since the queue server is unavailable", "Start the queue server first.")
        return
    try:
        queue_probe()
    except QueueUnavailableError:
        remedy = "See the line of the queue server: workers can't send heartbeats to it."
        yield fail("workers", "unknown, since the queue server refuses writes", remedy)
        return
    alive = [worker for worker in workers if worker.last_heartbeat and now() - worker.last_heartbeat < ALIVE_FOR]
    if not alive:
        yield fail("workers", "none is running", "Start one or more: manage.py rqworker default (see deploy/).")
        return
    yield ok("workers", f"{len(alive)} running, on {', '.join(sorted({worker.hostname or '?' for worker in alive}))}")
    yield from _old_code(alive)


def _old_code(workers: list[BaseWorker]) -> Iterator[Finding]:
    """Say who began before the code on this machine was changed, or runs another RQ."""
    changed_at = newest_change(settings.BASE_DIR)
    old = [worker for worker in workers if worker.hostname == socket.gethostname() and _began(worker) < changed_at]
    if old:
        yield warn("workers' code", f"{len(old)} began before the code was last changed", RESTART)
    others = {worker.version for worker in workers if worker.version} - {version("rq")}
    if others:
        yield warn("workers' RQ", f"{', '.join(sorted(others))} beside {version('rq')} here", RESTART)
    if not old and not others:
        yield ok("workers' code", "none is older than the code here")


def _began(worker: BaseWorker) -> datetime:
    return worker.birth_date or timezone.now()


def newest_change(folder: Path) -> datetime:
    """Return when a Python file under `folder` was last changed; environments and `var` do not count."""
    newest = 0.0
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in {"var", "tests", "docs"}]
        times = [(Path(root) / file).stat().st_mtime for file in files if file.endswith(".py")]
        newest = max([newest, *times])
    return datetime.fromtimestamp(newest, tz=timezone.get_default_timezone())


def check_tasks() -> Iterator[Finding]:
    """Look for what waits longer than it should."""
    since = timezone.now() - LATE
    try:
        stale = len(tasks_to_reconcile())
        waiting = Task.objects.filter(status=TaskStatus.QUEUED, queued_at__lt=since).count()
        mails = mails_to_send()
    except DatabaseError:
        yield fail("tasks", "unknown, since the database is unavailable", "See the line of the database.")
        return
    yield _count("abandoned tasks", stale, "Workers recover them within a minute; or run manage.py reconcile_tasks.")
    yield _count("tasks waiting for over 10 minutes", waiting, "Start more workers (docs/operations.md, QueueTooOld).")
    yield from _mails(mails)


def _mails(mails: Mails) -> Iterator[Finding]:
    see = "See the line of the mail server (docs/operations.md, MailsLate)."
    yield _count("late emails", mails.overdue, see)
    yield _count("emails refused because of the site", mails.site_refused, see)
    yield _count("emails given up in 7 days", mails.given_up, "Fix the cause, then send them again in the admin.")


def check_housekeeping() -> Iterator[Finding]:
    """Look when the workers last did each part of the housekeeping, and which parts fail."""
    try:
        done = housekeeping_done()
    except DatabaseError:
        return  # the check of the tasks tells it
    before = timezone.now() - LATE - timedelta(seconds=settings.EXPORT_HOUSEKEEPING_INTERVAL)
    late = {part.__name__ for part in REGULAR} - {part.name for part in done if part.at > before}
    if late:
        remedy = "Workers do it between jobs: see the line of the workers. If all are busy, start another."
        yield warn("housekeeping", f"not done recently: {', '.join(sorted(late))}", remedy)
    for part in done:
        if part.error:
            remedy = "Fix the error; workers retry each minute (docs/operations.md, HousekeepingFailing)."
            yield warn("housekeeping", f"{part.name}: {part.error}", remedy)
    if not late and not any(part.error for part in done):
        yield ok("housekeeping", "all parts done recently")


def _count(what: str, number: int, remedy: str) -> Finding:
    return warn(what, str(number), remedy) if number else ok(what, "none")
