"""What the site needs to do its work, each looked at within a limited time, whatever it hangs on."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import cache

from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from exports.storage.files import storage_ping
from operations import maintenance
from tasks.queue.client import queue_probe
from tasks.queue.workers import workers_alive

logger = logging.getLogger(__name__)

LIMIT = 3.0
"""Seconds that a look may take."""

FRESH_FOR = 1.0
"""Seconds for which an answer holds: anybody may ask, and as often as they like."""


class NotReadyError(Exception):
    """Something that the site needs is not as it should be."""


class Check:
    """One thing that the site needs. Looks are taken one at a time, in a thread of their own, which may hang."""

    def __init__(self, name: str, look: Callable[[], object]) -> None:
        """`look` raises when things are not as they should be."""
        self.name = name
        self._look = look
        self._lock = threading.Lock()
        self._asked: queue.SimpleQueue[Future[None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._latest: Future[None] | None = None
        self._begun_at = float("-inf")
        self._was_ok = True

    def begin(self) -> None:
        """Take a look, unless one is being taken, or the last one is recent enough."""
        with self._lock:
            if self._latest and (not self._latest.done() or time.monotonic() - self._begun_at < FRESH_FOR):
                return
            self._latest, self._begun_at = Future(), time.monotonic()
            self._asked.put(self._latest)
            if self._thread is None:
                self._thread = threading.Thread(target=self._take_looks, name=f"check-{self.name}", daemon=True)
                self._thread.start()

    def is_ok(self) -> bool:
        """Return what the latest look has found; one that takes too long has found nothing good."""
        future = self._latest
        if future is None:
            return False
        try:
            future.result(max(0.0, self._begun_at + LIMIT - time.monotonic()))
        except Exception as error:  # whatever database, queue or storage raise
            self._note(error)
            return False
        self._note(None)
        return True

    def _note(self, error: Exception | None) -> None:
        """Log what has changed. The details are for us alone: strangers may ask as well."""
        with self._lock:
            was_ok, self._was_ok = self._was_ok, error is None
        if error and was_ok:
            logger.warning("Not ready: %s (%s: %s)", self.name, type(error).__name__, error)
        elif not error and not was_ok:
            logger.warning("Ready again: %s", self.name)

    def _take_looks(self) -> None:
        while True:
            future = self._asked.get()
            try:
                self._look()
            except Exception as error:  # it is told to whoever asks
                future.set_exception(error)
            else:
                future.set_result(None)
            finally:
                connections.close_all()


def look_at_door() -> None:
    """Raise NotReadyError while the site is closed here: another machine may be open."""
    if maintenance.is_on():
        raise NotReadyError(f"The site is closed, by MAINTENANCE or {maintenance.switch()}")


def look_at_database() -> None:
    """Raise what the database raises unless it answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@cache  # what raises is not kept; and what was migrated once stays so for as long as this code runs
def look_at_migrations() -> None:
    """Raise NotReadyError unless the database has all that this code knows of."""
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReadyError(f"{len(plan)} migrations are to be applied, {plan[0][0]} first: manage.py migrate")


def look_at_workers() -> None:
    """Raise NotReadyError unless a worker is alive; without the queue server nobody knows."""
    queue_probe()
    if not workers_alive():
        raise NotReadyError("No worker is running: manage.py rqworker default")


CHECKS = {
    check.name: check
    for check in (
        Check("open", look_at_door),
        Check("database", look_at_database),
        Check("migrations", look_at_migrations),
        Check("queue", queue_probe),
        Check("storage", storage_ping),
        Check("worker", look_at_workers),
    )
}


def take_looks(names: Iterable[str]) -> dict[str, bool]:
    """Return whether each is as it should be; all are looked at side by side, within LIMIT seconds."""
    checks = [CHECKS[name] for name in names]
    for check in checks:
        check.begin()
    return {check.name: check.is_ok() for check in checks}
