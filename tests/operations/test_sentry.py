"""Reports of errors to Sentry, taken by a server of the test's: what is told, how often, and what is not in them."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from rq import Queue

from accounts.models import User
from core.log_context import bind_ids
from tasks.models import TaskStatus
from tasks.services.launch import task_launch
from tests.faults import odd_jobs
from tests.faults.pages import wait_for_end
from tests.members import make_member, signed_in_client
from tests.report_server import ReportServer
from tests.waiting import wait_until
from tests.web_server import web_server

PRIVATE = "a-most-private-word"
REQUEST = "0123456789abcdef0123456789abcdef"
SETTINGS = "tests.operations.reporting_settings"

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def reports() -> Iterator[ReportServer]:
    server = ReportServer()
    yield server
    server.stop()


@pytest.fixture
def susan() -> User:
    user = make_member("susan", about_me=PRIVATE)
    user.posts.create(body=PRIVATE)
    return user


def raised(event: dict[str, Any]) -> str:
    return str(event["exception"]["values"][-1]["type"])


def assert_discreet(reports: ReportServer, *secrets: str) -> None:
    """Assert that the report contains no member's data: no text, name, address or variable."""
    for word in (PRIVATE, "susan", '"vars"', *secrets):
        assert word.encode() not in reports.received, word


def test_a_page_that_fails_is_reported_once_with_its_id_and_nothing_of_who_asked(
    reports: ReportServer, susan: User, tmp_path: Path
) -> None:
    client = signed_in_client(susan)
    with web_server(tmp_path / "web.log", {"SENTRY_DSN": reports.dsn, "DJANGO_SETTINGS_MODULE": SETTINGS}) as web:
        answer = web.ask(f"/broken/?q={PRIVATE}", client, {"Referer": f"http://localhost/{PRIVATE}"})
        wait_until(lambda: reports.events, what="The report")
    [event] = reports.events  # with the server's end, all has been sent
    assert answer.status == 500
    assert event["tags"]["request_id"] == answer.headers["X-Request-ID"]
    assert event["request"] == {"method": "GET"}
    assert "TemplateView" in event["transaction"]
    assert_discreet(reports, client.cookies[settings.SESSION_COOKIE_NAME].value)


def test_a_task_is_reported_once_when_it_is_given_up_with_both_ids(
    reports: ReportServer,
    susan: User,
    worker_factory: Callable[..., "Popen[bytes]"],
    redis_queue: Queue,
    tmp_path: Path,
) -> None:
    variables = {"EXPORT_MAX_ATTEMPTS": "2", "EXPORT_RETRY_PAUSES": "0.1", "EXPORT_RECONCILE_INTERVAL": "1"}
    worker_factory(SENTRY_DSN=reports.dsn, DJANGO_SETTINGS_MODULE=SETTINGS, **variables)
    with bind_ids(request=REQUEST):
        task = task_launch(user=susan, name="export_posts")
    assert wait_for_end(task).status == TaskStatus.FAILED
    other = redis_queue.enqueue(odd_jobs.divide_by_zero, str(uuid4()))
    wait_until(lambda: other.get_status(refresh=True) == "failed", what="Another job")
    wait_until(lambda: len(reports.events) >= 2, what="The reports")
    assert [raised(event) for event in reports.events] == ["OSError", "ZeroDivisionError"]
    event = reports.events[0]
    assert event["tags"] == event["tags"] | {"request_id": REQUEST, "task_id": str(task.pk)}
    assert event["extra"]["rq-job"]["job_id"] == str(task.pk)
    assert "task_id" not in reports.events[1]["tags"]
    assert_discreet(reports)


@pytest.mark.long
def test_a_page_that_says_on_purpose_that_the_site_is_closed_is_not_reported(
    reports: ReportServer, susan: User, tmp_path: Path
) -> None:
    variables = {"SENTRY_DSN": reports.dsn, "DJANGO_SETTINGS_MODULE": SETTINGS, "MAINTENANCE": "1"}
    with web_server(tmp_path / "web.log", variables) as web:
        assert web.ask("/").status == 503
        assert web.ask("/readyz").status == 503
    assert reports.events == []


def test_without_a_place_to_report_to_nothing_of_it_is_there() -> None:
    code = "import django, sys; django.setup(); import microblog_project.urls; sys.exit('sentry_sdk' in sys.modules)"
    environment = {"DJANGO_SETTINGS_MODULE": "microblog_project.settings", "VAR_DIR": str(settings.VAR_DIR)}
    subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment, check=True)
