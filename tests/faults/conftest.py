"""A member whose tasks meet with faults, and workers that look after each other at short intervals."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from django.conf import LazySettings

from accounts.models import User
from tests.faults.outcomes import temporary_files
from tests.faults.slow_storage import SLOW
from tests.mail_server import MailServer
from tests.members import make_member

SHORT = {
    "EXPORT_STALE_AFTER": "1",
    "EXPORT_RECONCILE_INTERVAL": "1",
    "EXPORT_PROGRESS_INTERVAL": "0.2",
    "EXPORT_HOUSEKEEPING_INTERVAL": "1",
}
PATIENT = {"EXPORT_STALE_AFTER": "3"}
"""For a worker that looks on while another works, which it must not take for dead on a busy machine."""


@pytest.fixture
def susan(transactional_db: None) -> User:
    return make_member("susan")


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Give this process its signal handlers back, which a worker takes."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def slow(settings: LazySettings) -> Iterator[Path]:
    """Keep exports of workers with the slow settings running until the test unlinks this file."""
    path = Path(settings.VAR_DIR / SLOW)
    path.touch()
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def start_worker(
    worker_factory: Callable[..., "Popen[bytes]"], smtp_server: MailServer
) -> Callable[..., "Popen[bytes]"]:
    """Return a function that starts a worker with short intervals, which mails to `smtp_server`."""
    for leftover in temporary_files():  # of earlier tests
        leftover.unlink()

    def start(*wrapper: str, **variables: str) -> "Popen[bytes]":
        return worker_factory(*wrapper, **SHORT | {"EMAIL_URL": smtp_server.url} | variables)

    return start
