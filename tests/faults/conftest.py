"""A member whose tasks meet with faults, and workers that look after each other at short intervals."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from subprocess import Popen

import psutil
import pytest
from rq import Worker as RqWorker

from accounts.models import User
from tests.faults.horses import is_gone, living_workers
from tests.faults.outcomes import temporary_files
from tests.mail_server import MailServer
from tests.members import make_member
from tests.workers import queue_connection

SHORT = {
    "EXPORT_STALE_AFTER": "1",
    "EXPORT_RECONCILE_INTERVAL": "1",
    "EXPORT_PROGRESS_INTERVAL": "0.2",
    "EXPORT_HOUSEKEEPING_INTERVAL": "1",
}


@pytest.fixture
def susan(transactional_db: None) -> User:
    return make_member("susan")


@pytest.fixture
def start_worker(
    worker_factory: Callable[..., "Popen[bytes]"], smtp_server: MailServer
) -> Iterator[Callable[..., "Popen[bytes]"]]:
    """Return a function that starts a worker with short intervals, which mails to `smtp_server`."""
    for leftover in temporary_files():  # of earlier tests
        leftover.unlink()

    def start(*wrapper: str, **variables: str) -> "Popen[bytes]":
        return worker_factory(*wrapper, **SHORT | {"EMAIL_URL": smtp_server.url} | variables)

    yield start
    for process in living_workers():  # work-horses that were stopped, or outlived their worker
        with suppress(psutil.NoSuchProcess):
            process.kill()
    forget_dead_workers()


def forget_dead_workers() -> None:
    """Have the queue server forget those that were killed, so that no later test takes them for alive."""
    for worker in RqWorker.all(connection=queue_connection()):
        if worker.pid and is_gone(worker.pid):
            worker.register_death()
