"""Tokens are in no log line, no error report, no email and no address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import User
from operations.scrubbing import scrub
from tasks.models import Task
from tests.api.conftest import token_of
from tests.report_server import ReportServer
from tests.waiting import wait_until
from tests.web_server import AskedServer, web_server

SETTINGS = "tests.operations.reporting_settings"
EXPORTS = "/api/v1/exports"

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def reports() -> Iterator[ReportServer]:
    server = ReportServer()
    yield server
    server.stop()


def ask_for_everything(web: AskedServer, secret: str) -> list[int]:
    """Send the token where it belongs, and where people put it by mistake; return the answers' statuses."""
    header = {"Authorization": f"Bearer {secret}"}
    answers = [
        web.ask(EXPORTS, headers=header),
        web.ask("/api/v1/nowhere", headers=header),
        web.ask(EXPORTS, headers={"Authorization": secret}),
        web.ask(f"{EXPORTS}?access_token={secret}"),
        web.ask(f"/api/v1/{secret}"),
        web.ask(f"/{secret}/"),
        web.ask("/api/", headers={"Cookie": f"token={secret}", "Referer": f"http://x/{secret}", **header}),
    ]
    return [answer.status for answer in answers]


@pytest.mark.parametrize("log_format", ["json", "plain"])
def test_no_log_line_has_a_token(susan: User, tmp_path: Path, log_format: str) -> None:
    secret, log = token_of(susan), tmp_path / "web.log"
    variables = {"LOG_FORMAT": log_format, "ACCESS_LOG": "1", "LOG_LEVEL": "DEBUG"}
    with web_server(log, variables) as web:
        assert ask_for_everything(web, secret)[:4] == [200, 404, 401, 401]
    said = log.read_text()
    assert f"GET {EXPORTS} 200" in said
    assert secret not in said
    assert secret.removeprefix("mbt_") not in said


def test_no_error_report_has_a_token(susan: User, reports: ReportServer, tmp_path: Path) -> None:
    secret = token_of(susan)
    broken = {"count": "no code writes this"}
    Task.objects.create(user=susan, name="export_posts", status="failed", error_code="interrupted", error_params=broken)
    variables = {"SENTRY_DSN": reports.dsn, "DJANGO_SETTINGS_MODULE": SETTINGS}
    with web_server(tmp_path / "web.log", variables) as web:
        assert web.ask(EXPORTS, headers={"Authorization": f"Bearer {secret}"}).status == 500
        wait_until(lambda: reports.events, what="The report")
    assert secret.encode() not in reports.received
    assert secret.removeprefix("mbt_").encode() not in reports.received
    assert secret not in (tmp_path / "web.log").read_text()


@pytest.mark.parametrize("place", ["{}", "/{}/", "?token={}", "token={}&", "'{}'", "Bearer {}", "{}, {}"])
def test_a_text_is_scrubbed_of_tokens(place: str) -> None:
    secret = "mbt_" + "aB3-_" * 8 + "xyz"
    assert secret not in scrub(place.replace("{}", secret))
    assert secret[-10:] not in scrub(place.replace("{}", secret))
