"""Fixtures for the whole suite. What they build on is in `tests/*.py`, one thing a file."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import django_rq
import psutil
import pytest
from django.conf import LazySettings, settings
from django.db import connections
from django.test import TransactionTestCase
from rq import Queue

from accounts.models import User
from development import pseudo_locale
from tests import migrated_database
from tests.browser_options import ARGUMENTS, browser_problem, find_chromium
from tests.bucket import Bucket
from tests.emptying import empty_database
from tests.failures import pytest_runtest_makereport  # noqa: F401 - a hook
from tests.mail_server import MailServer, free_port
from tests.members import make_member
from tests.programs import cannot_run
from tests.running_site import RunningSite
from tests.waiting import wait_until
from tests.workers import InProcessWorker, living_workers, start_worker

REAL_PROCESSES = {"worker_factory", "start_site"}
"""Fixtures with which a test takes many seconds."""

pytest_plugins = ["tests.task_fixtures"]


def pytest_configure() -> None:
    """Make the settings fit for tests."""
    settings.DEBUG = False  # as during the tests: the addresses may be read before, and have a page more in development
    # A sign-in costs a quarter of a second with the real one.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if "sqlite3" in settings.DATABASES["default"]["ENGINE"]:
        # What a crash of the machine would lose is thrown away anyway.
        settings.DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
    settings.SILENCED_SYSTEM_CHECKS += ["async.E001"]  # of DJANGO_ALLOW_ASYNC_UNSAFE, which Playwright needs
    settings.STATIC_ROOT.mkdir()  # WhiteNoise warns at every request without it
    TransactionTestCase._fixture_teardown = empty_database  # type: ignore[attr-defined]
    # The live server knows no hashed names.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts real workers or the whole site as `long`, unless it is marked `short`; spread the long ones."""
    for item in items:
        starts_processes = REAL_PROCESSES.intersection(getattr(item, "fixturenames", []))
        if starts_processes and not item.get_closest_marker("short"):
            item.add_marker(pytest.mark.long)
    items[:] = spread(items)


def spread(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with those of `e2e` first, and modules that wait for processes evenly among the others.

    The tests beside them then use the processors while they wait.
    """
    modules = [[*tests] for _path, tests in groupby(items, key=lambda item: item.path)]
    places: list[tuple[float, list[pytest.Item]]] = []
    for is_waiting in (True, False):
        group = [tests for tests in modules if any(map(is_long, tests)) is is_waiting]
        places += [((index + 0.5) / len(group), tests) for index, tests in enumerate(group)]
    places.sort(key=lambda place: -1 if "e2e" in place[1][0].path.parts else place[0])
    return [item for _place, tests in places for item in tests]


def is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None, django_db_keepdb: bool) -> bool:
    """Return whether the test's database is already there: a copy of the run's migrated one, if it has several."""
    return migrated_database.copy() or django_db_keepdb


@pytest.fixture
def member(db: None) -> User:
    """Return a member with a verified e-mail address; the password is `tests.members.PASSWORD`."""
    return make_member("susan")


@pytest.fixture
def stranger(db: None) -> User:
    """Return another member."""
    return make_member("stranger")


@pytest.fixture
def staff(db: None) -> User:
    """Return a superuser."""
    return make_member("staff", is_staff=True, is_superuser=True)


@pytest.fixture
def pseudo_locales(settings: LazySettings) -> None:
    """Let browsers ask for the pseudo-locales, `en-xa` and `ar-xb`."""
    settings.LANGUAGES = [*settings.LANGUAGES, *pseudo_locale.LANGUAGES]
    pseudo_locale.install()  # the change of the setting made Django forget all catalogues


@pytest.fixture
def redis_queue() -> Iterator[Queue]:
    """Return the default queue, real and running; afterwards the server is emptied: each pytest process has its own."""
    queue = django_rq.get_queue("default")
    yield queue
    queue.connection.flushdb()


@pytest.fixture
def run_worker(redis_queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that works the queue empty, in this process, with the site's worker."""

    def run() -> None:
        # Closing the connection would end the test's transaction.
        monkeypatch.setattr(connections, "close_all", lambda: None)
        InProcessWorker([redis_queue], connection=redis_queue.connection).work(burst=True)

    return run


@pytest.fixture
def smtp_server(settings: LazySettings) -> Iterator[MailServer]:
    """Return a real SMTP server, to which this process sends its mail; give `.url` to others as EMAIL_URL."""
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = server.port
    yield server
    server.stop()


@pytest.fixture
def worker_factory(
    transactional_db: None, redis_queue: Queue, tmp_path: Path
) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Return a function that starts a real worker on the test's database and queue.

    Keyword arguments are environment variables (EMAIL_URL=smtp_server.url), others a command that wraps the worker's;
    the output is in tmp_path/worker.log.
    """
    started: list[subprocess.Popen[bytes]] = []

    def start(*wrapper: str, **variables: str) -> "subprocess.Popen[bytes]":
        started.append(start_worker(tmp_path / "worker.log", *wrapper, **variables))
        return started[-1]

    yield start
    for living in living_workers():  # also work-horses that were stopped, or outlived their worker
        with suppress(psutil.NoSuchProcess):
            living.kill()
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def worker_process(worker_factory: Callable[..., "subprocess.Popen[bytes]"]) -> "subprocess.Popen[bytes]":
    """Return a real worker that listens: `manage.py rqworker default` on the test's database and queue."""
    return worker_factory()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the machine's own Chromium; without one the test is skipped, and fails in CI."""
    if problem := browser_problem():
        cannot_run(problem)
    # Playwright's own headless switch selects the old mode.
    return {**browser_type_launch_args, "executable_path": str(find_chromium()), "args": ARGUMENTS, "headless": True}


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[Bucket]:
    """Return a real S3 server, in which there may be files of other tests."""
    bucket = Bucket()
    yield bucket
    bucket.stop()


@pytest.fixture
def start_site(tmp_path: Path) -> Iterator[Callable[..., RunningSite]]:
    """Return a function that starts the site in `tmp_path`, or in VAR_DIR, with options and environment variables."""
    started: list[RunningSite] = []

    def start(*options: str, **variables: str) -> RunningSite:
        variables.setdefault("PORT", str(free_port()))
        log = tmp_path / f"site{len(started)}.log"
        var_dir = Path(variables.pop("VAR_DIR", tmp_path / "var"))
        started.append(RunningSite(var_dir, log, options, variables))
        return started[-1]

    yield start
    for site in started:
        site.process.kill()
        site.process.wait()
    wait_until(lambda: not any(site.processes() for site in started), what="The end of the site")
