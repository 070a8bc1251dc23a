"""`/healthz` and `/readyz`, for supervisors and load balancers, which ask by a host's address."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import django_rq
import pytest
from django.conf import LazySettings
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from core.health import CHECKS, Check, Finding, Status, worst
from operations import check_runner, health
from operations.check_runner import run_quick
from tests.exports.archives import archive_of
from tests.members import make_member
from tests.waiting import wait_until

ALL = ["database", "migrations", "queue", "worker", "storage", "open"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def always_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_runner, "FRESH_FOR", 0)
    monkeypatch.setattr(check_runner, "_problems", {})


def asked(client: Client, *excluded: str) -> tuple[int, dict[str, str]]:
    """Return the status, and what is said of each check."""
    response = client.get("/readyz", {"exclude": excluded})
    return response.status_code, dict(line.split() for line in response.content.decode().splitlines())


def failing(client: Client) -> list[str]:
    """Return the failing checks, apart from the worker's: none is running."""
    status, found = asked(client, "worker")
    assert status == (503 if "failing" in found.values() else 200)
    return [name for name, word in found.items() if word != "ok"]


def test_healthz_answers_without_a_database(client: Client, django_db_blocker: Any) -> None:
    with django_db_blocker.block():
        response = client.get("/healthz")
    assert response.status_code == 200
    assert response.content == b"ok\n"
    assert response.headers["Content-Type"] == "text/plain"


def test_healthz_begins_no_session_and_is_not_cached(client: Client) -> None:
    response = client.get("/healthz")
    assert not response.cookies
    assert "no-store" in response.headers["Cache-Control"]


def test_healthz_refuses_to_be_posted_to(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


def test_with_all_that_it_needs_the_site_is_ready(client: Client, worker_process: "Popen[bytes]") -> None:
    assert asked(client) == (200, dict.fromkeys(ALL, "ok"))


def test_without_a_worker_it_is_not_ready_unless_the_check_is_excluded(client: Client) -> None:
    assert asked(client) == (503, dict.fromkeys(ALL, "ok") | {"worker": "failing"})
    assert asked(client, "worker", "queue") == (200, dict.fromkeys(["open", "database", "migrations", "storage"], "ok"))


def test_an_unknown_check_is_reported_and_not_ignored(client: Client) -> None:
    response = client.get("/readyz?exclude=<workers>")
    assert response.status_code == 400
    assert all(name in response.content.decode() for name in ALL)
    assert b"workers" not in response.content


def test_a_closed_machine_is_not_ready(client: Client, settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    (tmp_path / "maintenance").touch()
    assert failing(client) == ["open"]
    (tmp_path / "maintenance").unlink()
    assert failing(client) == []


def test_an_unavailable_queue_is_reported_without_its_url(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(django_rq.settings.QUEUES["default"], "URL", f"unix://{tmp_path}/nobody.sock")
    for _ in range(3):
        response = client.get("/readyz")
        assert b"queue failing\n" in response.content
        assert b"sock" not in response.content
    [record] = [record for record in caplog.records if record.message.startswith("Check queue: failing")]
    assert "nobody.sock" in (record.exc_text or caplog.text)


def test_a_recovery_is_logged_once(client: Client, settings: LazySettings, caplog: Any) -> None:
    settings.MAINTENANCE = True
    failing(client)
    settings.MAINTENANCE = False
    for _ in range(2):
        failing(client)
    lines = [record.message for record in caplog.records if "Check open" in record.message]
    assert [line.split()[2] for line in lines] == ["warning", "ok"]


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
    monkeypatch.setattr(health, "TIME_LIMIT", 0.2)

    def hangs() -> list[Finding]:
        stalled.wait()
        return []

    monkeypatch.setitem(CHECKS, "database", Check("database", hangs, unready_from=Status.FAILING))
    for _ in range(3):
        assert failing(client) == ["database"]
    stalled.set()
    wait_until(lambda: failing(client) == [], 5, what="A good answer")


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


def test_a_failing_health_check_is_not_logged_as_an_error(
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
    assert {check.name for check, findings in run_quick() if worst(findings) is Status.FAILING} == failing_checks
