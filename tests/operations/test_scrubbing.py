"""Logs and error reports contain no member's data and no credentials."""

import json
import logging
import re
import sys
import time
from smtplib import SMTPRecipientsRefused
from typing import Any, cast

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.conf import LazySettings
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import IntegrityError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from sentry_sdk.types import Event

from accounts.models import User
from microblog_project import urls
from operations.error_reports import discreet
from operations.logs import FORMATTERS
from operations.scrubbing import scrub
from tests.mail_server import MailServer
from tests.members import make_member

KEY = "MTI:1vOabc:Zx-_9fQ"
ADDRESS = "susan.q+tag@example.com"


def broken(_request: HttpRequest) -> HttpResponse:
    raise SMTPRecipientsRefused({ADDRESS: (550, b"no such user")})


urlpatterns = [path("broken/", broken), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (f"550 5.1.1 <{ADDRESS}>: unknown", "550 5.1.1 <[email]>: unknown"),
        (f"{{'{ADDRESS}': (550, b'no')}}", "{'[email]': (550, b'no')}"),
        ("jürgen@exämple.de is there", "[email] is there"),
        ("x@localhost", "[email]"),
        (f"mailto:{ADDRESS}", "mailto:[email]"),
        ("duplicate key\nDETAIL:  Key (lower(email))=(a b) exists.", "duplicate key\nDETAIL:[values]"),
        ("Key (username)=(susan) already exists", "Key (username)=([values]) already exists"),
        ("Failing row contains (1, susan, secret).", "Failing row contains ([values]"),
        (f"Not Found: /accounts/confirm-email/{KEY}", "Not Found: /accounts/confirm-email/[key]"),
        (f"/accounts/confirm-email/{KEY}/", "/accounts/confirm-email/[key]"),
        (f"/ACCOUNTS/Confirm-Email//{KEY}", "/ACCOUNTS/Confirm-Email/[key]"),
        ("/accounts/password/reset/key/1-cx9-0a1b", "/accounts/password/reset/key/[key]"),
        ("/accounts/password/reset//key/1-cx9-0a1b", "/accounts/password/reset//key/[key]"),
        ("/accounts/password/reset/key/1-cx9-0a1b/more", "/accounts/password/reset/key/[key]"),
        (f"%2Faccounts%2Fconfirm-email%2F{KEY}", "%2Faccounts%2Fconfirm-email/[key]"),
        ("Referer https://a.example/search/?q=illness does not", "Referer https://a.example/search/?[query] does not"),
        ("GET /search/?q=illness HTTP/1.1", "GET /search/?[query] HTTP/1.1"),
        ("Is it so? Yes, at 10:05, in 3 tries (50%)", "Is it so? Yes, at 10:05, in 3 tries (50%)"),
        ("Task 0c5d: attempt 1 begins", "Task 0c5d: attempt 1 begins"),
        ("Decorated with @receiver, a @ b", "Decorated with @receiver, a @ b"),
    ],
)
def test_a_text_is_scrubbed(text: str, scrubbed: str) -> None:
    assert scrub(text) == scrubbed


def test_a_long_text_is_scrubbed_at_once() -> None:
    began = time.process_time()
    for part in (
        "a",
        "a@",
        "@",
        "/",
        "/?",
        "?",
        "(",
        "Key (",
        "row contains (",
        "x" * 60 + " ",
        "confirm-email",
        "notifications////",
        "%2F",
    ):
        scrub(part * (100_000 // len(part)))
    assert time.process_time() - began < 5  # one that takes quadratic time takes minutes


@pytest.fixture
def keys(member: User) -> list[str]:
    """Addresses out of emails, as they are and as people mangle them."""
    address = EmailAddress.objects.create(user=member, email="new@example.com")
    confirm = f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}"
    reset = f"/accounts/password/reset/key/{member.pk}-{default_token_generator.make_token(member)}"
    return [f"{start}{end}" for start in (confirm, reset) for end in ("/", "", "/x", ">", ".", "/?next=/")]


@pytest.mark.parametrize("name", ["plain", "json"])
def test_keys_in_emailed_links_are_not_logged(
    keys: list[str], settings: LazySettings, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    settings.ACCESS_LOG = True
    caplog.set_level(logging.DEBUG)
    for address in keys:
        for client in (Client(), Client(enforce_csrf_checks=True)):
            referer = {"Referer": f"http://testserver{address}"}
            for answer in (client.get(address, headers=referer), client.post(address, headers=referer)):
                assert answer.status_code < 500
            client.post("/accounts/login/", headers={"Referer": f"https://evil.example{address}"})
    lines = "\n".join(FORMATTERS[name]().format(record) for record in caplog.records)
    assert caplog.records
    secrets = {part for address in keys for part in re.findall(r"[\w:-]{20,}", address)}
    assert secrets
    for secret in secrets:
        assert secret not in lines
        assert secret not in caplog.text


@pytest.mark.parametrize("name", ["plain", "json"])
def test_no_address_out_of_an_exception_is_in_a_log_line(name: str) -> None:
    try:
        broken(HttpRequest())
    except SMTPRecipientsRefused as error:
        args = ("Refused: %s for %s", (error, ADDRESS), sys.exc_info())
        record = logging.getLogger("x").makeRecord("x", logging.ERROR, __file__, 1, *args, extra={"to": ADDRESS})
    text = FORMATTERS[name]().format(record)
    assert "example.com" not in text
    assert "SMTPRecipientsRefused" in text


@pytest.mark.django_db(transaction=True)
def test_no_value_of_a_row_is_in_a_log_line() -> None:
    make_member("susan")
    with pytest.raises(IntegrityError) as caught:
        make_member("other", email="susan@example.com")
    assert "susan" not in scrub(str(caught.value))
    assert connection.vendor == "sqlite" or "Key" in str(caught.value)


@pytest.mark.urls(__name__)
def test_the_mail_to_administrators_names_no_member(
    administrator: str, member: User, mailoutbox: list[EmailMessage]
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(member)
    referer = f"http://testserver/accounts/confirm-email/{KEY}/"
    client.get(f"/broken/?q=illness&email={ADDRESS}", headers={"Referer": referer})
    [mail] = mailoutbox
    text = f"{mail.subject}\n{mail.body}"
    assert "SMTPRecipientsRefused" in text
    for word in ("susan", "illness", KEY, ADDRESS):
        assert word not in text


def test_an_address_that_is_refused_is_in_no_line(
    client: Client, db: None, smtp_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    cache.clear()
    smtp_server.unknown_recipient = "550 no such user"
    client.post("/accounts/password/reset/", {"email": ADDRESS})
    lines = [json.loads(FORMATTERS["json"]().format(record)) for record in caplog.records]
    assert [line["message"] for line in lines if line["logger"] == "accounts.sign_in.adapter"]
    assert ADDRESS not in json.dumps(lines)


def test_a_report_to_sentry_says_what_failed_where_and_nothing_else() -> None:
    value = {"type": "IntegrityError", "value": "susan", "stacktrace": {"frames": [{"function": "send"}]}}
    event: dict[str, Any] = {
        "exception": {"values": [value, {"type": "ValueError", "value": ADDRESS}]},
        "logentry": {"message": "Mail to %s failed", "formatted": "Mail to susan failed", "params": ["susan"]},
        "transaction": f"/accounts/confirm-email/{KEY}",
        "extra": {"rq-job": {"job_id": "1", "func": "f", "args": ["susan"]}, "sys.argv": ["manage.py", "x", ADDRESS]},
        "request": {"method": "GET", "url": f"http://testserver/?q={ADDRESS}", "query_string": "q=susan"},
        "spans": [{"description": f"GET /x?q={ADDRESS}", "data": {"url": "susan"}}],
        "user": {"username": "susan"},
        "breadcrumbs": {"values": [{"message": "susan"}]},
    }
    report: Any = discreet(cast(Event, event), {})
    sent = json.dumps(report)
    assert not [word for word in ("susan", "example.com", KEY) if word in sent]
    assert [found["type"] for found in report["exception"]["values"]] == ["IntegrityError", "ValueError"]
    assert report["logentry"] == {"message": "Mail to %s failed"}
    assert report["extra"] == {"rq-job": {"job_id": "1", "func": "f"}, "sys.argv": ["manage.py", "x"]}
    assert "send" in sent
