"""The lines of the logs: how they look, what they leave out, and one click followed through all of them."""

import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import LazySettings, settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from accounts.models import User
from core.log_context import bind_ids, request_id
from exports.models import Archive
from microblog_project import urls
from operations.logs import FORMATTERS, Console
from tasks.models import Task
from tasks.services.launch import task_launch
from tests.faults.horses import horse_of, kill
from tests.faults.outcomes import temporary_files
from tests.faults.pages import wait_for_end, wait_for_mail
from tests.faults.slow_storage import SLOW
from tests.mail_server import MailServer
from tests.members import make_member, signed_in_client
from tests.waiting import wait_until
from tests.web_server import web_server

HEADER = "X-Request-ID"
GIVEN = "0123456789abcdef0123456789abcdef"
PRIVATE = "a-most-private-word"


def broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError


urlpatterns = [path("broken/", broken), *urls.urlpatterns]
handler500 = urls.handler500


# --- The id ---------------------------------------------------------------------------------------------


def test_each_answer_names_its_request_by_an_id_of_its_own(client: Client) -> None:
    ids = {client.get("/healthz")[HEADER] for _ in range(3)}
    assert len(ids) == 3
    assert all(len(number) == 32 for number in ids)


@pytest.mark.parametrize(
    ("proxies", "given", "is_taken"),
    [
        (1, GIVEN, True),
        (1, "c0ffee-c0ffee", True),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, "<script>alert(1)</script>", False),
        (0, GIVEN, False),
    ],
)
def test_an_id_is_taken_from_a_proxy_in_front_only(
    client: Client, settings: LazySettings, proxies: int, given: str, is_taken: bool
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert (client.get("/healthz", headers={HEADER: given})[HEADER] == given) == is_taken


def test_a_task_remembers_the_request_that_launched_it(member: User) -> None:
    answer = signed_in_client(member).post("/exports/", {"kind": "posts"})
    assert Task.objects.get().request_id == answer[HEADER]


def test_a_task_that_no_request_launched_has_none(member: User) -> None:
    assert task_launch(user=member, name="export_posts").request_id == ""


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("language", "words"), [("en", "include this reference"), ("es", "incluye esta referencia")])
def test_the_500_page_names_the_request(language: str, words: str) -> None:
    response = Client(raise_request_exception=False).get("/broken/", headers={"accept-language": language})
    page = response.content.decode()
    assert words in page
    assert response[HEADER] in page


@pytest.mark.urls(__name__)
def test_the_mail_to_administrators_names_the_request(administrator: str, smtp_server: MailServer) -> None:
    response = Client(raise_request_exception=False).get("/broken/")
    [message] = smtp_server.messages
    assert message.get_content().startswith(f"request_id: {response[HEADER]}\r\n")


def test_log_lines_after_a_request_do_not_have_its_id(client: Client) -> None:
    client.get("/healthz")
    assert request_id() == ""


# --- The lines ------------------------------------------------------------------------------------------


def line(name: str, message: str, *args: object, **extra: Any) -> str:
    """Return a line as it stands in the log."""
    record = logging.getLogger("somewhere").makeRecord(
        "somewhere", logging.WARNING, __file__, 1, message, args, extra.pop("exc_info", None), extra=extra
    )
    return FORMATTERS[name]().format(record)


def test_a_plain_line_has_the_ids_at_its_end_if_there_are_any() -> None:
    assert line("plain", "It is %s", "so").endswith(" WARNING somewhere: It is so")
    with bind_ids(request="r1", task="t1"):
        assert line("plain", "It is").endswith(" WARNING somewhere: It is [request_id=r1 task_id=t1]")
    assert line("plain", "It is").endswith(": It is")


@pytest.mark.parametrize("mark", ["\n", "\r", "\x0b", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\u2066"])
def test_an_address_begins_no_second_line_and_steers_no_terminal(
    client: Client, settings: LazySettings, mark: str
) -> None:
    settings.ACCESS_LOG = True
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(FORMATTERS["plain"]())
    logging.getLogger().addHandler(handler)
    try:
        client.get(f"/nowhere/{quote(mark)}2026-01-01 00:00:00,000 INFO forged: a line/")
        logging.getLogger("queue").warning("The job %s is refused", f"x{mark}y")
    finally:
        logging.getLogger().removeHandler(handler)
    written = stream.getvalue()
    assert [line[:2] for line in written.splitlines()] == ["20", "20", "20"]
    assert mark == "\n" or mark not in written
    assert "INFO forged: a line" in written


def test_a_line_of_json_has_it_all_and_stays_one_line() -> None:
    try:
        float(PRIVATE)
    except ValueError:
        info = sys.exc_info()
    with bind_ids(request="r1"):
        text = line("json", "Two\nlines of %s", "é", status=200, exc_info=info)
    assert "\n" not in text
    found = json.loads(text)
    assert found.pop("time").endswith("+00:00")
    assert found.pop("process") > 1
    assert "test_logs.py" in found.pop("exc_info")
    assert found == {
        "level": "WARNING",
        "logger": "somewhere",
        "message": "Two\nlines of é",
        "status": 200,
        "request_id": "r1",
    }


def test_a_line_of_json_holds_nothing_of_the_request_itself() -> None:
    request = RequestFactory().get(f"/search/?q={PRIVATE}")
    assert PRIVATE not in line("json", "Not Found: /search/", request=request, status_code=404)


@pytest.fixture
def access_lines(settings: LazySettings, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return a function that returns the lines of requests so far."""
    settings.ACCESS_LOG = True
    caplog.set_level(logging.INFO)
    return lambda: [r.message.rpartition(" in ")[0] for r in caplog.records if r.name == "operations.access_log"]


@pytest.mark.django_db
def test_each_request_has_a_line_without_what_is_asked_for(
    client: Client, access_lines: Callable[[], list[str]]
) -> None:
    client.get(f"/search/?q={PRIVATE}")
    client.get("/nowhere/")
    client.get(f"/accounts/password/reset/key/1-{PRIVATE}/")
    assert access_lines() == [
        "GET /search/ 200",
        "GET /nowhere/ 404",
        r"GET /accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$ 200",
    ]


def test_frequent_requests_are_logged_only_on_errors(member: User, access_lines: Callable[[], list[str]]) -> None:
    for address in ("/notifications/?since=0", "/notifications/?since=x", "/healthz"):
        signed_in_client(member).get(address)
    assert access_lines() == ["GET /notifications/ 400"]


class LateStream(StringIO):
    """Takes as long for a line as a job has for everything."""

    def write(self, text: str) -> int:
        signal.raise_signal(signal.SIGALRM)
        return super().write(text)


def test_a_time_out_that_comes_while_a_line_is_written_ends_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("tests.late")
    handler = Console(LateStream())
    logger.addHandler(handler)
    try:
        with pytest.raises(JobTimeoutException), UnixSignalDeathPenalty(60, JobTimeoutException):
            logger.warning("A line")
    finally:
        logger.removeHandler(handler)
    assert "Logging error" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "status", "is_logged"),
    [
        ("GET /notifications/?since=1 HTTP/1.1", 200, False),
        ("GET /healthz HTTP/1.1", 200, False),
        ("GET /notifications/?since=x HTTP/1.1", 400, True),
        ("POST /notifications/1/dismiss/ HTTP/1.1", 302, True),
        ("GET / HTTP/1.1", 200, True),
        ("", 400, True),
    ],
)
def test_the_development_server_names_requests_but_no_polls(line: str, status: int, is_logged: bool) -> None:
    level = logging.WARNING if status >= 400 else logging.INFO
    record = logging.LogRecord("django.server", level, "", 0, '"%s" %s %s', (line, str(status), "2"), None)
    assert bool(logging.getLogger("django.server").filter(record)) is is_logged


# --- From the click to the mail -------------------------------------------------------------------------


@pytest.fixture
def slow_storage() -> Iterator[Path]:
    """Hold exports back until the file is gone; what one that was killed has left is removed afterwards."""
    hold = settings.VAR_DIR / SLOW
    hold.touch()
    yield hold
    hold.unlink(missing_ok=True)
    for leftover in temporary_files():
        leftover.unlink()


def lines_of(log: Path, number: str) -> list[dict[str, Any]]:
    """Return the lines with this request id; all of the log must be JSON."""
    found = [json.loads(text) for text in log.read_text().splitlines()]
    return [entry for entry in found if entry.get("request_id") == number]


def logged(log: Path, number: str, message: str) -> bool:
    """Return whether a line with this request id says so; the last line may not be whole yet."""
    with suppress(json.JSONDecodeError):
        return any(entry["message"] == message for entry in lines_of(log, number))
    return False


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_click_is_followed_from_the_web_through_two_workers_to_the_mail(
    worker_factory: Callable[..., "Popen[bytes]"], smtp_server: MailServer, slow_storage: Path, tmp_path: Path
) -> None:
    susan = make_member("susan")
    susan.posts.create(body="All that I wrote")
    variables = {
        "LOG_FORMAT": "json",
        "ACCESS_LOG": "1",
        "EMAIL_URL": smtp_server.url,
        "DJANGO_SETTINGS_MODULE": "tests.faults.slow_settings",
        "EXPORT_STALE_AFTER": "1",
        "EXPORT_RECONCILE_INTERVAL": "1",
        "EXPORT_PROGRESS_INTERVAL": "0.2",
    }
    worker_log, web_log = tmp_path / "worker.log", tmp_path / "web.log"
    first = worker_factory(**variables)
    with web_server(web_log, variables) as web:
        lost = web.ask("/nowhere/").headers[HEADER] or ""
        number = web.send("/exports/", signed_in_client(susan), kind="posts").headers[HEADER] or ""
        task = Task.objects.get()
        # The row says so before the log does.
        wait_until(lambda: logged(worker_log, number, f"Task {task.pk}: attempt 1 begins"), what="The first attempt")
        kill(first.pid, horse_of(first))
        worker_factory(**variables)
        wait_until(lambda: logged(worker_log, number, f"Task {task.pk}: attempt 2 begins"), what="The second attempt")
        slow_storage.unlink()
        wait_for_end(task)
        wait_for_mail(task)
        mailed = f"Task {task.pk}: its email is sent (attempt 1)"
        wait_until(lambda: logged(worker_log, number, mailed), what="The line")
    assert [entry["message"].partition(" in ")[0] for entry in lines_of(web_log, lost)] == [
        "GET /nowhere/ 404",
        "Not Found: /nowhere/",
    ]
    on_web, by_workers = lines_of(web_log, number), lines_of(worker_log, number)
    assert [entry["message"].partition(" in ")[0] for entry in on_web] == [
        f"Task {task.pk}: export_posts is queued for member {susan.pk}",
        "POST /exports/ 302",
    ]
    assert {entry["task_id"] for entry in [on_web[0], *by_workers]} == {str(task.pk)}
    assert len({entry["process"] for entry in by_workers}) == 3  # two work-horses, and the second worker
    messages = [entry["message"] for entry in by_workers if entry["logger"].startswith(("exports.", "tasks."))]
    assert messages == [
        f"Task {task.pk}: attempt 1 begins",
        f"Task {task.pk}: attempt 1 ended early; the task is queued again",
        f"Task {task.pk}: attempt 2 begins",
        f"Task {task.pk}: attempt 2 succeeded",
        mailed,
    ]
    [mail] = smtp_server.messages
    assert str(task.pk) in mail["Message-ID"]
    assert first.wait() == -signal.SIGKILL


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_mail_that_is_late_is_joined_to_its_click_too(
    worker_factory: Callable[..., "Popen[bytes]"], smtp_server: MailServer, redis_queue: object, tmp_path: Path
) -> None:
    with bind_ids(request=GIVEN):
        task = task_launch(user=make_member("susan"), name="export_posts")
    smtp_server.refusal = "451 try later"
    worker_factory(
        LOG_FORMAT="json", EMAIL_URL=smtp_server.url, EXPORT_STALE_AFTER="0.1", EXPORT_RECONCILE_INTERVAL="1"
    )
    log = tmp_path / "worker.log"
    wait_until(Archive.objects.filter(mail_attempts=1).exclude(mail_error="").exists, what="The first try")
    smtp_server.refusal = ""
    archive = Archive.objects.get()
    Archive.objects.update(mail_due_at=archive.created_at)
    wait_for_mail(task)
    wait_until(lambda: logged(log, GIVEN, f"Task {task.pk}: its email is sent (attempt 2)"), what="The line")
    assert {entry["task_id"] for entry in lines_of(log, GIVEN)} == {str(task.pk)}
