"""Mail providers' reports: real payloads of two providers, signed and forged."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import User
from core.requests.bounds import BODY_LIMIT
from core.texts import MAX_LENGTH
from exports.delivery.archive_email import archive_deliver, mail_again
from exports.delivery.failure_email import failure_email_deliver
from exports.delivery.sending import Outcome, mail_failed
from exports.delivery.tracking import REPORT_LIMIT, tracking_urls
from exports.figures import email_counts
from exports.models import Archive, FailureEmail
from exports.models.mailing import Mailing
from microblog_project import urls
from notifications.models import Notification
from tasks.models import Task
from tests.exports.archives import archive_of

PASSWORD = "postmark:a-long-secret"
KEY = "key-of-mailgun"

urlpatterns = [
    *tracking_urls("postmark", {"WEBHOOK_SECRET": PASSWORD}),
    *tracking_urls("mailgun", {"MAILGUN_WEBHOOK_SIGNING_KEY": KEY}),
    *urls.urlpatterns,
]
handler400, handler500 = urls.handler400, urls.handler500

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def providers(settings: LazySettings) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": PASSWORD, "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}


@pytest.fixture
def archive(susan: User) -> Archive:
    return archive_of(susan, b"{}", mailed_to="susan@example.com", mailed_at=timezone.now(), mail_id="<the-id>")


def postmark(kind: str = "Bounce", *, password: str = PASSWORD, **changes: Any) -> Any:
    """Post what Postmark posts (its documentation's example, shortened)."""
    payload = {
        "RecordType": kind,
        "ID": 42,
        "Type": {"Bounce": "HardBounce", "SpamComplaint": "SpamComplaint"}.get(kind, ""),
        "MessageID": "<the-id>",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Email": "susan@example.com",
        "BouncedAt": "2026-11-27T16:33:54.9070259Z",
        "Inactive": True,
        **changes,
    }
    credentials = base64.b64encode(password.encode()).decode()
    headers = {"authorization": f"Basic {credentials}"} if password else {}
    client = Client(headers=headers, enforce_csrf_checks=True, raise_request_exception=False)
    return client.post("/mail/postmark/", json.dumps(payload), content_type="application/json")


def mailgun(event: str = "failed", *, key: str = KEY, **changes: Any) -> Any:
    """Post what Mailgun posts (its documentation's example, shortened)."""
    token, timestamp = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0", "1529006854"
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    payload = {
        "signature": {"timestamp": timestamp, "token": token, "signature": signature},
        "event-data": {
            "event": event,
            "severity": "permanent",
            "reason": "bounce",
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": 1521233195.375624,
            "recipient": "susan@example.com",
            "delivery-status": {"code": 550, "message": "5.1.1 No such user"},
            "message": {"headers": {"message-id": "the-id"}},
            **changes,
        },
    }
    credentials = base64.b64encode(PASSWORD.encode()).decode()
    client = Client(headers={"authorization": f"Basic {credentials}"}, raise_request_exception=False)
    return client.post("/mail/mailgun/", json.dumps(payload), content_type="application/json")


@pytest.mark.parametrize(
    ("report", "event", "words"),
    [
        (lambda: postmark("Bounce"), "bounced", "The email to susan@example.com came back."),
        (lambda: postmark("Bounce", Type="BadEmailAddress"), "rejected", "could not send the email"),
        (lambda: postmark("SpamComplaint"), "complained", "was marked as spam"),
        (lambda: postmark("Delivery", DeliveredAt="2026-11-27T16:33:54Z"), "delivered", "Delivered to susan@"),
        (mailgun, "bounced", "came back."),
        (lambda: mailgun("complained"), "complained", "was marked as spam"),
        (lambda: mailgun("delivered"), "delivered", "Delivered to susan@"),
    ],
)
def test_a_report_is_kept_and_shown_to_the_member(
    archive: Archive, signed_in: Client, report: Any, event: str, words: str
) -> None:
    assert report().status_code == 200
    archive.refresh_from_db()
    assert archive.mail_event == event
    assert words in signed_in.get("/exports/").content.decode()
    assert Notification.objects.get(name="task_progress").data["archive"]["mail_event"] == event


@pytest.mark.parametrize(
    "forged",
    [lambda: postmark(password="postmark:guessed"), lambda: postmark(password=""), lambda: mailgun(key="guessed")],
)
def test_a_forged_report_changes_nothing(archive: Archive, forged: Any) -> None:
    assert forged().status_code == 400
    archive.refresh_from_db()
    assert archive.mail_event == ""


def test_a_report_about_another_email_is_accepted_and_ignored(archive: Archive) -> None:
    assert postmark(MessageID="another").status_code == 200
    assert postmark(MessageID="").status_code == 200
    assert postmark("Open").status_code == 200
    archive.refresh_from_db()
    assert archive.mail_event == ""


def test_any_reply_of_a_mail_server_is_kept(archive: Archive) -> None:
    """A database refuses NUL (PostgreSQL) and half characters; the provider would report it for days."""
    assert postmark(Details="550 \x00\ud800" + "x" * 100_000).status_code == 200
    archive.refresh_from_db()
    assert archive.mail_event == "bounced"
    assert archive.mail_answer.startswith("550 ??xxx")
    assert len(archive.mail_answer) == MAX_LENGTH
    assert postmark(MessageID="\x00\ud800").status_code == 200


def test_a_mail_that_fails_with_such_an_answer_is_deferred(archive: Archive, mailoutbox: list[object]) -> None:
    outcome, changes = mail_failed(archive, RuntimeError("421 \x00\ud800"))
    Archive.objects.filter(pk=archive.pk).update(**changes)
    archive.refresh_from_db()
    assert (outcome, archive.mail_answer, archive.mail_error) == (Outcome.PUT_OFF, "421 ??", "421 ??")


def test_a_bounce_is_the_last_word(archive: Archive) -> None:
    postmark("Bounce")
    postmark("Delivery")
    archive.refresh_from_db()
    assert (archive.mail_event, "5.1.1" in archive.mail_answer) == ("bounced", True)


def test_staff_see_it(archive: Archive, john: User) -> None:
    postmark("Bounce")
    User.objects.filter(pk=john.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(john)
    for page in (f"/admin/tasks/task/{archive.task_id}/change/", f"/admin/exports/archive/{archive.pk}/change/"):
        text = client.get(page).content.decode()
        assert "mail server" in text
        assert "5.1.1" in text


def test_without_a_report_the_page_claims_no_delivery(archive: Archive, signed_in: Client) -> None:
    page = signed_in.get("/exports/").content.decode()
    assert "Handed to the mail server for susan@example.com." in page
    assert "Mailed to" not in page
    assert "Delivered" not in page


# --- A real send by a provider's backend -----------------------------------------------------------------


class PostmarkServer:
    """Postmark's API on 127.0.0.1: takes every email, and names it."""

    def __init__(self) -> None:
        """Start listening."""
        self.ids: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            """Takes what is posted to `/email`."""

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = json.dumps(server.take(body["To"])).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, to: str) -> dict[str, object]:
        """Answer as its documentation's example does."""
        self.ids.append(f"id-{len(self.ids)}")
        return {"ErrorCode": 0, "Message": "OK", "MessageID": self.ids[-1], "To": to, "SubmittedAt": "2026-11-27"}

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider(settings: LazySettings) -> Iterator[PostmarkServer]:
    server = PostmarkServer()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_SERVER_TOKEN": "a-token", "POSTMARK_API_URL": server.url}
    yield server
    server.stop()


def test_an_archive_that_a_provider_took_is_found_by_its_report(susan: User, provider: PostmarkServer) -> None:
    archive = archive_of(susan, b"{}", mail_due_at=timezone.now())
    archive_deliver(archive.pk)
    archive.refresh_from_db()
    assert [archive.mail_id] == provider.ids
    assert postmark("Bounce", MessageID=archive.mail_id).status_code == 200
    archive.refresh_from_db()
    assert archive.mail_event == "bounced"
    assert email_counts()["returned"] == 1


def test_an_email_about_a_failure_that_comes_back_is_shown_to_staff(
    susan: User, provider: PostmarkServer, admin_client: Client
) -> None:
    task = Task.objects.create(user=susan, name="export_posts", status="failed", ended_at=timezone.now())
    FailureEmail.objects.create(task=task, mail_due_at=timezone.now())
    failure_email_deliver(str(task.pk))
    email = FailureEmail.objects.get()
    assert [email.mail_id] == provider.ids
    assert postmark("Bounce", MessageID=email.mail_id).status_code == 200
    email.refresh_from_db()
    assert (email.mail_event, "5.1.1" in email.mail_answer) == ("bounced", True)
    assert email_counts()["returned"] == 1
    assert "5.1.1" in admin_client.get(f"/admin/tasks/task/{task.pk}/change/").content.decode()


def test_an_email_that_is_sent_again_forgets_the_report_of_the_first(susan: User, provider: PostmarkServer) -> None:
    archive = archive_of(susan, b"{}", mail_due_at=timezone.now())
    archive_deliver(archive.pk)
    postmark("Bounce", MessageID=provider.ids[0])
    assert mail_again(Archive.objects.select_related("task").get())
    postmark("Bounce", MessageID=provider.ids[0])
    archive_deliver(archive.pk)
    archive.refresh_from_db()
    assert (archive.mail_id, archive.mail_event) == (provider.ids[1], "")


@pytest.mark.parametrize("model", [Archive, FailureEmail])
def test_an_email_is_found_by_the_providers_id_through_an_index(db: None, model: type[Mailing]) -> None:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, model._meta.db_table).values()
    assert any(found["index"] and found["columns"] == ["mail_id"] for found in constraints)


@pytest.mark.parametrize(
    ("provider", "secrets"),
    [
        ("", {"WEBHOOK_SECRET": PASSWORD}),
        ("postmark", {}),
        ("postmark", {"WEBHOOK_SECRET": ""}),
        ("mailgun", {"MAILGUN_API_KEY": KEY}),
        ("scaleway", {"WEBHOOK_SECRET": PASSWORD}),
    ],
)
def test_reports_require_a_provider_and_its_secret(provider: str, secrets: dict[str, str]) -> None:
    assert tracking_urls(provider, secrets) == []


@pytest.mark.urls("microblog_project.urls")
def test_the_site_of_these_tests_has_no_provider() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("mail_tracking")


def test_reports_may_be_larger_than_forms(archive: Archive) -> None:
    assert postmark(Details="x" * 2 * BODY_LIMIT).status_code == 200
    assert postmark(Details="x" * REPORT_LIMIT).status_code == 413
