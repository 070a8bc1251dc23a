"""`/metrics`: who may read it, what is in it, and that its counters only grow."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import django_rq
import psutil
import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from rq import Queue

from accounts.models import User
from core.health import CHECKS, Check, Status, warning
from exports.models import Archive
from operations.gunicorn_hooks import remove_leftovers
from operations.metrics import site
from tasks.models import Counter, Task
from tasks.services.counters import count_add, counted, counters, measured
from tasks.services.launch import task_launch
from tasks.services.recovery import tasks_reconcile
from tasks.services.transitions import task_cancel
from tests.mail_server import MailServer
from tests.waiting import wait_until
from tests.web_server import AskedServer, web_server

TOKEN = "a token that nobody guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

Scrape = Callable[..., float]
CaptureCallbacks = Callable[..., AbstractContextManager[object]]


@pytest.fixture(autouse=True)
def token(settings: LazySettings) -> None:
    settings.METRICS_TOKEN = TOKEN
    site._kept_files.cache_clear()


def value_in(text: str, name: str, /, **labels: str) -> float:
    """Return the value of a sample; it must be there once, with these labels among its own."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    wanted = f"microblog_{name}"
    [found] = [s.value for s in samples if s.name == wanted and labels.items() <= s.labels.items()]
    return float(found)


@pytest.fixture
def scrape(client: Client) -> Scrape:
    """Return a function that returns the present value of a sample."""

    def value(name: str, /, **labels: str) -> float:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        return value_in(response.content.decode(), name, **labels)

    return value


# --- Who may read it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer caf\xe9"]
)
def test_without_the_token_there_is_nothing(client: Client, db: None, given: str) -> None:
    assert client.get("/metrics", headers={"Authorization": given} if given else {}).status_code == 404


def test_where_no_token_is_set_none_opens_it(client: Client, db: None, settings: LazySettings) -> None:
    settings.METRICS_TOKEN = ""
    for given in ("Bearer ", f"Bearer {TOKEN}"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


def test_it_is_read_only_and_never_cached(client: Client, db: None) -> None:
    assert client.post("/metrics", headers=BEARER).status_code == 405
    response = client.get("/metrics", headers=BEARER)
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Type"].startswith("text/plain; version=")


def test_a_closed_site_still_serves_metrics(client: Client, db: None, settings: LazySettings) -> None:
    settings.MAINTENANCE = True
    assert client.get("/metrics", headers=BEARER).status_code == 200


# --- Requests -------------------------------------------------------------------------------------------


def test_requests_are_counted_by_view_and_what_strangers_make_up_has_no_number_of_its_own(
    client: Client, db: None, scrape: Scrape
) -> None:
    client.get("/explore/")
    before = scrape("http_requests_total", view="posts:explore", method="GET", status="2xx")
    client.get("/explore/")
    for number in range(5):
        client.generic(f"MADE{number}", f"/nowhere/{number}")
    assert scrape("http_requests_total", view="posts:explore", method="GET", status="2xx") == before + 1
    assert scrape("http_requests_total", view="", method="other") >= 5
    assert scrape("http_request_duration_seconds_count", view="posts:explore") == before + 1


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[AskedServer]:
    variables = {"METRICS_TOKEN": TOKEN, "TMPDIR": str(tmp_path)}
    with web_server(tmp_path / "web.log", {**variables, "WEB_CONCURRENCY": "2"}) as server:
        yield server


def scraped(web: AskedServer, name: str, /, **labels: str) -> float:
    response = web.ask("/metrics", headers=BEARER)
    return value_in(response.content.decode(), name, **labels)  # type: ignore[attr-defined]


def replace_a_process(web: AskedServer) -> None:
    """Kill one of the two processes, and wait for the one that takes its place."""
    server = psutil.Process(web.pid)
    victim = server.children()[0]
    os.kill(victim.pid, signal.SIGKILL)
    wait_until(lambda: victim not in server.children() and len(server.children()) == 2, what="Another process")


@pytest.mark.processes
@pytest.mark.long
def test_all_processes_are_added_up_and_one_that_is_replaced_loses_nothing(web: AskedServer, tmp_path: Path) -> None:
    def count() -> float:
        return scraped(web, "http_requests_total", view="healthz", method="GET", status="2xx")

    def files() -> set[str]:
        return {path.name for path in tmp_path.glob("microblog-metrics-*/*.db")}

    def counters() -> set[str]:
        return {name for name in files() if name.startswith("counter")}

    def ask_both() -> None:
        wait_until(lambda: web.ask("/healthz") and len(counters()) == 2, what="An answer by each process")

    ask_both()
    for _ in range(10):
        web.ask("/healthz")
    before, names = count(), files()
    assert before >= 10
    for _ in range(3):
        replace_a_process(web)
    for _ in range(10):
        web.ask("/healthz")
    assert count() == before + 10
    assert files() == names


@pytest.mark.processes
@pytest.mark.long
def test_its_folder_goes_with_the_server(transactional_db: None, tmp_path: Path) -> None:
    with web_server(tmp_path / "web.log", {"METRICS_TOKEN": TOKEN, "TMPDIR": str(tmp_path)}):
        assert len(list(tmp_path.glob("microblog-metrics-*"))) == 1
    assert not list(tmp_path.glob("microblog-metrics-*"))


@pytest.mark.processes
def test_the_folders_of_servers_that_were_killed_go_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    left, living, foreign = (
        tmp_path / f"microblog-metrics-{name}" for name in (f"{ended.pid}-abc", f"{os.getpid()}-abc", "of-somebody")
    )
    for folder in (left, living, foreign):
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    remove_leftovers()
    assert sorted(tmp_path.iterdir()) == sorted([living, foreign])


# --- Tasks ----------------------------------------------------------------------------------------------


def test_an_exports_progress_is_shown_from_queue_to_email(
    transactional_db: None,
    member: User,
    scrape: Scrape,
    run_worker: Callable[[], None],
    smtp_server: MailServer,
) -> None:
    names = {"name": "export_posts"}
    before = scrape("queue_jobs", queue="default")
    task_launch(user=member, name="export_posts")
    assert scrape("tasks_active", **names, lane="small", state="queued") == 1
    assert scrape("queue_jobs", queue="default") == before + 1
    assert 0 < scrape("task_oldest_queued_seconds", **names, lane="small") < 60
    run_worker()
    site._kept_files.cache_clear()  # the minute is not over
    assert scrape("tasks_active", **names, lane="small", state="queued") == 0
    assert scrape("tasks_total", **names, status="succeeded") == 1
    assert scrape("task_events_total", **names, reason="claimed") == 1
    of = {"task_duration_seconds": names, "task_wait_seconds": {"lane": "small"}, "archive_size_bytes": names}
    for histogram, labels in of.items():
        assert scrape(f"{histogram}_count", **labels) == 1
        assert scrape(f"{histogram}_bucket", **labels, le="+Inf") == 1
    assert scrape("archive_size_bytes_sum", **names) == Archive.objects.get().size
    assert scrape("mails_total", outcome="sent") == 1
    assert scrape("archives_kept_bytes") == Archive.objects.get().size
    assert scrape("disk_free_bytes") > 0


def test_counters_do_not_fall_when_rows_are_deleted(
    member: User, scrape: Scrape, redis_queue: Queue, django_capture_on_commit_callbacks: CaptureCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        task_cancel(task_launch(user=member, name="example", params={"seconds": 1}))
    assert scrape("tasks_total", name="example", status="cancelled") == 1
    Task.objects.all().delete()
    assert scrape("tasks_total", name="example", status="cancelled") == 1


def test_a_recovery_is_recorded_with_its_reason(
    member: User, scrape: Scrape, redis_queue: Queue, django_capture_on_commit_callbacks: CaptureCallbacks
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Task.objects.create(user=member, name="export_posts", status="running", attempt=1, heartbeat_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        tasks_reconcile(immediately=True)
    assert scrape("task_events_total", name="export_posts", reason="died") == 1


def test_all_that_can_happen_is_there_from_the_beginning(db: None, scrape: Scrape) -> None:
    """A counter that appears with its first count would not have risen, as Prometheus sees it."""
    for status in ("succeeded", "failed", "cancelled"):
        assert scrape("tasks_total", name="export_archive", status=status) == 0
    for outcome in ("sent", "put_off", "refused", "given_up", "no_address", "called_off"):
        assert scrape("mails_total", outcome=outcome) == 0
    for outcome in ("imported", "known", "left_out"):
        assert scrape("import_entries_total", outcome=outcome) == 0
    assert scrape("import_files_kept") == 0
    assert scrape("housekeeping_timestamp_seconds", part="archives_expire") == 0


def test_an_unavailable_part_is_omitted_with_a_note(
    db: None, client: Client, scrape: Scrape, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert scrape("metrics_missing", part="queue") == 0
    monkeypatch.setitem(django_rq.settings.QUEUES["default"], "URL", f"unix://{tmp_path}/nobody.sock")
    assert scrape("metrics_missing", part="queue") == 1
    assert scrape("metrics_missing", part="mails") == 0
    assert scrape("mails_to_send", state="waiting") == 0


def test_each_quick_check_has_its_status(
    db: None, scrape: Scrape, redis_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scrape("check_status", check="database") == Status.OK
    assert scrape("check_status", check="worker") == Status.FAILING
    monkeypatch.setitem(CHECKS, "new", Check("new", lambda: [warning("text", "hint")]))
    assert scrape("check_status", check="new") == Status.WARNING


# --- Totals ---------------------------------------------------------------------------------------------


def test_totals_add_up_whatever_they_begin_with(db: None) -> None:
    for seconds in (0.05, 2, 2, 99999):
        count_add(measured("seconds", "example", value=seconds, limits=(1, 3)) | counted("tasks", "example", "failed"))
    assert counters("seconds") == {
        ("example", "1"): 1,
        ("example", "3"): 2,
        ("example", "inf"): 1,
        ("example", "sum"): 100003.05,
    }
    assert counters("tasks") == {("example", "failed"): 4}


def test_a_total_that_cannot_be_written_stops_nothing(
    transactional_db: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise DatabaseError

    with connection.execute_wrapper(fail):
        count_add(counted("tasks", "example", "failed"))
    assert "Not counted: tasks|example|failed" in caplog.text
    assert not Counter.objects.exists()


def test_names_are_what_prometheus_takes(client: Client, db: None) -> None:
    text = client.get("/metrics", headers=BEARER).content.decode()
    assert re.fullmatch(r"(#.*\n|[a-z_]+(\{[^}]*\})? [-+0-9.eInf]+\n)+", text)
