"""Mail to the administrators, through a real mail server: what they are told of, how often, and what they are not."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.http import HttpRequest, HttpResponse
from django.test import Client, TestCase
from django.urls import path
from rq import Queue

from accounts.models import User
from microblog_project import urls
from operations import admin_mail
from tasks.models import Task
from tasks.services.launch import task_launch
from tests.faults import odd_jobs
from tests.job_doubles import replace_run
from tests.mail_server import MailServer
from tests.members import signed_in_client
from tests.waiting import wait_until

ADMIN = "admin@example.org"
PRIVATE = "a-most-private-word"


def broken(request: HttpRequest, kind: str) -> HttpResponse:
    """Fail in one of two ways, or be shut on purpose."""
    if kind == "shut":
        return HttpResponse(status=503)
    if kind == "other":
        raise LookupError(kind)
    raise RuntimeError(kind)


urlpatterns = [path("broken/<str:kind>/", broken), *urls.urlpatterns]
handler400, handler500 = urls.handler400, urls.handler500

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("administrator")]


@pytest.fixture
def visitor(db: None) -> Client:
    return Client(raise_request_exception=False)


def subjects(server: MailServer) -> list[str]:
    return [message["Subject"] for message in server.messages]


def test_an_exception_in_a_view_is_reported_with_its_traceback(visitor: Client, smtp_server: MailServer) -> None:
    assert visitor.get("/broken/one/").status_code == 500
    [message] = smtp_server.messages
    assert smtp_server.recipients == [[ADMIN]]
    assert message["Subject"] == "[Microblog] ERROR (EXTERNAL IP): Internal Server Error: /broken/one/"
    text = message.get_content()
    assert "RuntimeError" in text
    assert "test_admin_mail.py" in text


def test_of_a_storm_the_first_error_of_each_kind_is_emailed_and_another_after_a_pause(
    visitor: Client, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        assert visitor.get(f"/broken/{number}/").status_code == 500
    visitor.get("/broken/other/")
    assert [subject.rpartition("/broken/")[2] for subject in subjects(smtp_server)] == ["0/", "other/"]
    later = time.time() + admin_mail.PAUSE
    monkeypatch.setattr(time, "time", lambda: later)
    visitor.get("/broken/later/")
    visitor.get("/broken/again/")
    assert [subject.rpartition("/broken/")[2] for subject in subjects(smtp_server)[2:]] == ["later/"]


@pytest.mark.parametrize("harm", ["down", "refusing"])
def test_a_mail_server_that_fails_makes_no_second_error(
    visitor: Client, smtp_server: MailServer, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    if harm == "down":
        smtp_server.stop()
    smtp_server.refusal = "451 try later"
    assert visitor.get("/broken/one/").status_code == 500
    assert [record.message for record in caplog.records if record.name == "operations.admin_mail"] == [
        "The error could not be emailed to the administrators"
    ]


def test_a_mail_server_that_hangs_holds_up_no_request_for_long(
    visitor: Client, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_mail, "TIMEOUT", 0.3)
    smtp_server.stalls = True
    start = time.monotonic()
    for _ in range(3):
        assert visitor.get("/broken/one/").status_code == 500
    smtp_server.stalls = False
    assert time.monotonic() - start < 3


def test_a_folder_that_cannot_be_written_loses_no_mail(
    visitor: Client, smtp_server: MailServer, settings: LazySettings
) -> None:
    settings.CACHES["admin_mail"]["LOCATION"] = "/proc"
    settings.CACHES = settings.CACHES  # makes Django open the caches again
    visitor.get("/broken/one/")
    assert len(smtp_server.messages) == 1


def test_expected_errors_are_not_reported(visitor: Client, member: User, smtp_server: MailServer) -> None:
    assert visitor.get("/", headers={"host": "evil.example"}).status_code == 400
    assert visitor.post("/accounts/login/", {"login": "x" * 3_000_000}).status_code == 413
    assert visitor.get("/broken/shut/").status_code == 503
    assert visitor.get("/nowhere/").status_code == 404
    assert smtp_server.messages == []


def test_the_report_contains_no_input_and_no_credentials(
    member: User, smtp_server: MailServer, settings: LazySettings
) -> None:
    settings.REDIS_URL = f"redis://:{PRIVATE}@queue/0"
    settings.RQ_QUEUES = {"default": {"URL": settings.REDIS_URL}}
    client = signed_in_client(member)
    client.raise_request_exception = False
    client.post("/broken/one/", {"body": PRIVATE, "password": PRIVATE})
    text = smtp_server.messages[0].get_content()
    assert "body" in text
    assert PRIVATE not in text
    assert client.cookies[settings.SESSION_COOKIE_NAME].value not in text


# --- The worker -----------------------------------------------------------------------------------------


@pytest.fixture
def start(worker_factory: Callable[..., object], smtp_server: MailServer, tmp_path: Path) -> Callable[..., object]:
    variables = {"EMAIL_URL": smtp_server.url, "ADMINS": ADMIN, "EXPORT_MAX_ATTEMPTS": "1", "VAR_DIR": str(tmp_path)}
    return partial(worker_factory, **variables)


def test_jobs_that_raise_are_reported_once(
    start: Callable[..., object], smtp_server: MailServer, redis_queue: Queue
) -> None:
    start(DJANGO_SETTINGS_MODULE="tests.faults.odd_settings")
    for _ in range(2):
        redis_queue.enqueue(odd_jobs.divide_by_zero, str(uuid4()))
    last = redis_queue.enqueue(odd_jobs.root_of_minus_one, str(uuid4()))
    wait_until(lambda: last.get_status(refresh=True) == "failed", 20, what="The last job")
    wait_until(lambda: len(smtp_server.messages) == 2, 5, what="The mails")
    first, second = smtp_server.messages
    assert "divide_by_zero" in first["Subject"]
    assert "ZeroDivisionError" in first.get_content()
    assert "root_of_minus_one" in second["Subject"]


@pytest.fixture
def failing(member: User, redis_queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Task:
    def fail(*_arguments: object) -> None:
        raise RuntimeError

    replace_run(monkeypatch, fail)
    with TestCase.captureOnCommitCallbacks(execute=True):
        task_launch(user=member, name="export_posts")
    return Task.objects.get()


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_task_is_reported_once_and_only_when_it_is_given_up(
    failing: Task, smtp_server: MailServer, settings: LazySettings, run_worker: Callable[[], None], attempts: int
) -> None:
    settings.EXPORT_MAX_ATTEMPTS = attempts
    run_worker()
    failing.refresh_from_db()
    assert failing.failures == 1
    assert ["attempt 1 failed" in subject for subject in subjects(smtp_server)] == [True] * (attempts == 1)
