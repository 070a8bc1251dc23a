"""`/readyz`: what the site needs, by name, for load balancers; and machines that ask by a host's address."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import django_rq
import pytest
from django.conf import LazySettings
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from accounts.models import User
from operations import readiness
from operations.problems import find_troubles
from operations.readiness import CHECKS, Check, look_at_migrations
from operations.site_health import site_health
from tests.exports.archives import archive_of
from tests.members import make_member
from tests.waiting import wait_until

ALL = ["open", "database", "migrations", "queue", "storage", "worker"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def always_looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(readiness, "FRESH_FOR", 0)
    look_at_migrations.cache_clear()
    yield
    look_at_migrations.cache_clear()
    for check in CHECKS.values():
        check._was_ok = True


def asked(client: Client, *excluded: str) -> tuple[int, dict[str, str]]:
    """Return the status, and what is said of each check."""
    response = client.get("/readyz", {"exclude": excluded})
    return response.status_code, dict(line.split() for line in response.content.decode().splitlines())


def failing(client: Client) -> list[str]:
    """Return the checks that fail, beside that of the worker: there is none."""
    status, found = asked(client, "worker")
    assert status == (503 if "failing" in found.values() else 200)
    return [name for name, word in found.items() if word != "ok"]


def test_with_all_that_it_needs_the_site_is_ready(client: Client, worker_process: "Popen[bytes]") -> None:
    assert asked(client) == (200, dict.fromkeys(ALL, "ok"))


def test_without_a_worker_it_is_not_ready_and_who_does_not_mind_can_say_so(client: Client) -> None:
    assert asked(client) == (503, dict.fromkeys(ALL, "ok") | {"worker": "failing"})
    assert asked(client, "worker", "queue") == (200, dict.fromkeys(["open", "database", "migrations", "storage"], "ok"))


def test_a_check_that_there_is_not_is_told_and_not_passed_over(client: Client) -> None:
    response = client.get("/readyz?exclude=<workers>")
    assert response.status_code == 400
    assert response.content.decode() == "exclude= takes one of: open, database, migrations, queue, storage, worker\n"


def test_a_closed_machine_is_not_ready(client: Client, settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    (tmp_path / "maintenance").touch()
    assert failing(client) == ["open"]
    (tmp_path / "maintenance").unlink()
    assert failing(client) == []


def test_a_queue_that_is_away_is_told_without_its_address(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(django_rq.settings.QUEUES["default"], "URL", f"unix://{tmp_path}/nobody.sock")
    for _ in range(3):
        response = client.get("/readyz")
        assert b"queue failing\n" in response.content
        assert b"sock" not in response.content
    [line] = [record.message for record in caplog.records if ": queue" in record.message]
    assert line.startswith("Not ready: queue (QueueUnavailableError: ")
    assert "nobody.sock" in line


def test_what_is_well_again_is_told_once(client: Client, settings: LazySettings, caplog: Any) -> None:
    settings.MAINTENANCE = True
    failing(client)
    settings.MAINTENANCE = False
    for _ in range(2):
        failing(client)
    assert [record.message for record in caplog.records if record.message.endswith(": open")] == ["Ready again: open"]


def test_a_database_that_is_behind_the_code_is_not_ready(client: Client) -> None:
    rows = MigrationRecorder.Migration.objects.filter(app="exports")
    latest = rows.latest("pk")
    latest.delete()
    try:
        assert failing(client) == ["migrations"]
    finally:
        rows.create(app="exports", name=latest.name)
    assert failing(client) == []


def test_a_database_that_does_not_answer_fails_in_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    stalled = threading.Event()
    monkeypatch.setattr(readiness, "LIMIT", 0.2)
    monkeypatch.setitem(CHECKS, "database", Check("database", stalled.wait))
    for _ in range(3):  # the second look is not begun while the first hangs
        assert failing(client) == ["database"]
    stalled.set()
    wait_until(lambda: failing(client) == [], 5, what="A good answer")


def test_looks_are_not_taken_as_often_as_strangers_ask(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(readiness, "FRESH_FOR", 60)
    monkeypatch.setitem(CHECKS, "storage", Check("storage", lambda: looks.append(1)))
    for _ in range(5):
        asked(client)
    assert looks == [1]


def test_a_disk_that_is_away_is_not_ready_and_one_that_was_never_used_is(
    client: Client, settings: LazySettings, tmp_path: Path, member: User
) -> None:
    settings.STORAGES = settings.STORAGES | {
        "exports": settings.STORAGES["exports"] | {"OPTIONS": {"location": tmp_path / "exports"}}
    }
    assert failing(client) == []
    archive_of(member, b"{}")
    (tmp_path / "exports").mkdir()
    assert failing(client) == []
    (tmp_path / "exports").rename(tmp_path / "away")
    assert failing(client) == ["storage"]


def test_it_takes_no_session_is_not_cached_and_refuses_to_be_posted_to(client: Client) -> None:
    response = client.get("/readyz")
    assert not response.cookies
    assert "no-store" in response["Cache-Control"]
    assert client.post("/readyz").status_code == 405


@pytest.mark.parametrize("address", ["/healthz", "/readyz?exclude=worker"])
def test_machines_ask_by_any_name_and_without_tls(settings: LazySettings, address: str) -> None:
    by_number = {"host": "10.0.0.7:8000"}
    assert Client().get("/", headers=by_number).status_code == 400
    settings.SECURE_SSL_REDIRECT = True  # which a client's site looks at when it begins
    assert Client().get("/", headers=by_number).status_code == 301
    assert Client().get(address, headers=by_number).status_code == 200


def test_what_is_said_to_a_load_balancer_every_second_is_no_error(
    client: Client, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MAINTENANCE = True
    assert client.get("/readyz").status_code == 503
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


# --- What staff are told of the same ------------------------------------------------------------------


def storage_is_away(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_of(make_member(), b"{}")
    away = settings.STORAGES["exports"] | {"OPTIONS": {"location": tmp_path / "away"}}
    settings.STORAGES = settings.STORAGES | {"exports": away}


def queue_is_away(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(django_rq.settings.QUEUES["default"], "URL", f"unix://{tmp_path}/nobody.sock")


def nothing_but_workers(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pass


@pytest.mark.parametrize(
    ("fault", "failing_checks"),
    [
        (storage_is_away, {"storage", "worker"}),
        (queue_is_away, {"queue", "worker"}),
        (nothing_but_workers, {"worker"}),
    ],
)
def test_the_administration_agrees_with_it(
    *,
    client: Client,
    settings: LazySettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[LazySettings, Path, pytest.MonkeyPatch], None],
    failing_checks: set[str],
) -> None:
    fault(settings, tmp_path, monkeypatch)
    lines = client.get("/readyz").content.decode().splitlines()
    assert {line.split()[0] for line in lines if line.endswith(" failing")} == failing_checks
    health = site_health(since=timezone.now())
    told = {
        "storage": not health.is_storage_ready,
        "queue": health.queue_problem is not None,
        "worker": not health.workers,
    }
    assert {name for name, is_told in told.items() if is_told} == failing_checks
    assert len(find_troubles(health)) == len(failing_checks - {"worker"}) + ("queue" not in failing_checks)
