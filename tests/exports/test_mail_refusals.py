"""Mail that a server or a provider refuses: for now, for what is in it, or for whom it is to."""

import os
from collections.abc import Callable
from email.message import EmailMessage
from smtplib import (
    SMTPAuthenticationError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPServerDisconnected,
)
from ssl import SSLCertVerificationError
from typing import Any

import pytest
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailUnsupportedFeature,
)
from django.conf import LazySettings
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.mail.sending import HungUpError, NotConnectedError
from core.mail.verdicts import Verdict, verdict_of
from exports.delivery.archive_email import archive_deliver
from exports.delivery.sending import RETRY_DELAYS
from exports.figures import email_counts
from exports.models import Archive
from tests.exports.archives import archive_of
from tests.mail_faults import SITE_FAULTS, SiteFault, end
from tests.mail_server import MailServer

SIZE = 50_000
REFUSED_WITH_FILE = "The mail server refused the email with the file attached"


@pytest.fixture
def archive(susan: User) -> Archive:
    """A small archive whose mail is due."""
    return archive_of(susan, os.urandom(SIZE), mail_due_at=timezone.now())


def deliver(archive: Archive) -> Archive:
    archive_deliver(archive.pk)
    return Archive.objects.get(pk=archive.pk)


def bodies(message: EmailMessage) -> list[str]:
    """Return the plain and the HTML part."""
    return [part.get_content() for part in map(message.get_body, (("plain",), ("html",))) if part]


PERMANENT = [
    ("MAIL", "552 5.3.4 Message size exceeds fixed limit"),
    ("MAIL", "550 5.7.1 Message refused"),
    ("MAIL", "554 5.3.4 Too big"),
    ("RCPT", "552 5.3.4 Message too big for this mailbox"),
    ("RCPT", "550 5.2.3 Message length exceeds the administrative limit"),
    ("DATA", "554 5.7.1 No"),
    ("message", "552 5.7.0 This message was blocked because its content presents a potential security issue"),
    ("message", "552-5.7.0 This message was blocked\r\n552 5.7.0 because of its content"),
    ("message", "550 5.7.1 Attachment refused"),
    ("message", "554 5.6.0 Prohibited content"),
]


@pytest.mark.parametrize(("stage", "reply"), PERMANENT)
def test_a_mail_refused_for_good_with_its_file_is_at_once_sent_without(
    archive: Archive, smtp_server: MailServer, stage: str, reply: str
) -> None:
    smtp_server.replies, smtp_server.refuses_from = {stage: reply}, SIZE
    sent = deliver(archive)
    [message] = smtp_server.messages
    assert list(message.iter_attachments()) == []
    for text in bodies(message):
        assert REFUSED_WITH_FILE in text
        assert f"/exports/{archive.task_id}/download/" in text
    assert (sent.mailed_to, sent.mail_due_at, sent.mail_error) == ("susan@example.com", None, "")
    assert (sent.mail_attempts, sent.mail_link_reason) == (1, "refused")
    assert len(smtp_server.tried) == 2


@pytest.mark.parametrize(("stage", "reply"), PERMANENT)
def test_one_that_is_refused_without_the_file_too_is_not_retried_and_the_site_says_so(
    archive: Archive, smtp_server: MailServer, signed_in: Client, stage: str, reply: str
) -> None:
    smtp_server.replies = {stage: reply}
    refused = deliver(archive)
    assert refused.mail_due_at is None
    assert refused.mail_error in {"message-refused", "refused"}
    assert reply[:3] in refused.mail_answer
    assert len(smtp_server.tried) == 2
    deliver(archive)
    assert len(smtp_server.tried) == 2
    page = signed_in.get("/exports/").content.decode()
    assert "The email is on its way" not in page
    assert "rejected" in page


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("connect", "421 4.3.2 Too busy"),
        ("EHLO", "421 4.3.2 Too busy"),
        ("MAIL", "452 4.3.1 Insufficient system storage"),
        ("RCPT", "450 4.2.1 Mailbox busy"),
        ("RCPT", "452 4.2.2 Mailbox full"),
        ("DATA", "451 4.3.0 Try later"),
        ("message", "452 4.3.1 Out of room"),
        ("message", "421 4.7.0 Slow down"),
    ],
)
def test_temporary_refusals_are_retried_with_the_file(
    archive: Archive, smtp_server: MailServer, stage: str, reply: str
) -> None:
    smtp_server.replies = {stage: reply}
    put_off = deliver(archive)
    assert put_off.mail_due_at
    assert put_off.mail_due_at > timezone.now()
    assert put_off.mail_link_reason == ""
    assert len(smtp_server.tried) <= 1
    smtp_server.replies = {}
    Archive.objects.update(mail_due_at=timezone.now())
    assert deliver(archive).mailed_to
    [attachment] = smtp_server.messages[0].iter_attachments()
    assert attachment.get_filename() == "posts.json"


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("RCPT", "550 5.1.1 No such user"),
        ("RCPT", "553 5.1.3 Bad address"),
        ("RCPT", "550 no such user here"),
        ("message", "550 5.1.1 No such user"),
        ("message", "554 5.2.1 Mailbox disabled"),
    ],
)
def test_an_address_refused_for_good_is_tried_once(
    archive: Archive, smtp_server: MailServer, stage: str, reply: str
) -> None:
    smtp_server.replies = {stage: reply}
    refused = deliver(archive)
    assert (refused.mail_due_at, refused.mail_error) == (None, "refused")
    assert len(smtp_server.tried) == 1


def test_an_email_above_the_servers_announced_size_is_not_sent(archive: Archive, settings: LazySettings) -> None:
    server = MailServer(data_size_limit=SIZE)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    try:
        deliver(archive)
    finally:
        server.stop()
    [message] = server.messages
    assert list(message.iter_attachments()) == []
    assert REFUSED_WITH_FILE in bodies(message)[0]
    assert len(server.tried) == 1


def test_a_deferred_link_comes_without_the_file_that_was_refused(archive: Archive, smtp_server: MailServer) -> None:
    smtp_server.replies, smtp_server.refuses_from = {"MAIL": "552 5.3.4 Too big"}, SIZE
    smtp_server.refusal = "451 try later"
    assert deliver(archive).mail_due_at
    smtp_server.refusal = ""
    Archive.objects.update(mail_due_at=timezone.now())
    deliver(archive)
    assert len([size for size in smtp_server.tried if size > SIZE]) == 1
    assert len(smtp_server.messages) == 1


class Answer:
    """A provider's API response, as far as Anymail reads it."""

    reason = "No"

    def __init__(self, status: int) -> None:
        self.status_code = status


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (AnymailRecipientsRefused(), Verdict.RECIPIENT_REFUSED),
        (AnymailInvalidAddress(), Verdict.RECIPIENT_REFUSED),
        (AnymailUnsupportedFeature(), Verdict.MESSAGE_REFUSED),
        *((AnymailAPIError(status_code=s, response=Answer(s)), Verdict.MESSAGE_REFUSED) for s in (400, 413, 422)),
        *((AnymailAPIError(status_code=s, response=Answer(s)), Verdict.SITE_REFUSED) for s in (401, 402, 403, 404)),
        *((AnymailAPIError(status_code=s, response=Answer(s)), Verdict.RETRY) for s in (429, 500, 503)),
        (AnymailAPIError("no connection"), Verdict.RETRY),
        (SMTPRecipientsRefused({"a": (550, b"5.1.1"), "b": (450, b"4.2.1")}), Verdict.RETRY),
        (SMTPRecipientsRefused({"a": (550, b"5.7.1"), "b": (550, b"5.1.1")}), Verdict.SITE_REFUSED),
        (SMTPNotSupportedError("SMTPUTF8 not supported by server"), Verdict.RECIPIENT_REFUSED),
        (NotConnectedError(ConnectionRefusedError()), Verdict.RETRY),
        (NotConnectedError(TimeoutError()), Verdict.RETRY),
        (NotConnectedError(SMTPServerDisconnected()), Verdict.RETRY),
        (NotConnectedError(SMTPAuthenticationError(454, b"4.7.0 Temporary")), Verdict.RETRY),
        (NotConnectedError(SSLCertVerificationError()), Verdict.SITE_REFUSED),
        (NotConnectedError(AnymailConfigurationError("No key")), Verdict.SITE_REFUSED),
        (HungUpError(), Verdict.RETRY),
    ],
)
def test_provider_and_connection_errors_are_distinguished(error: Exception, verdict: Verdict) -> None:
    assert verdict_of(error) is verdict


# --- A server that refuses the site, or hangs up ----------------------------------------------------------


@pytest.mark.parametrize("fault", SITE_FAULTS)
def test_a_server_that_refuses_the_site_delays_the_email_and_staff_see_it(
    archive: Archive, smtp_server: MailServer, settings: LazySettings, signed_in: Client, fault: SiteFault
) -> None:
    fault(smtp_server, settings)
    delayed = deliver(archive)
    assert delayed.mail_due_at
    assert (delayed.mail_error, delayed.mail_link_reason) == ("site-refused", "")
    assert delayed.mail_answer
    assert email_counts()["site_refused"] == 1
    page = signed_in.get("/exports/").content.decode()
    assert ("keep trying" in page, "rejected" in page) == (True, False)
    end(smtp_server, settings)
    Archive.objects.update(mail_due_at=timezone.now())
    assert deliver(archive).mailed_to
    [attachment] = smtp_server.messages[0].iter_attachments()
    assert attachment.get_filename() == "posts.json"
    assert email_counts()["site_refused"] == 0


def test_a_site_that_is_refused_for_a_day_gives_up_without_blaming_the_address(
    archive: Archive, smtp_server: MailServer, signed_in: Client
) -> None:
    smtp_server.replies = {"connect": "554 No service here"}
    Archive.objects.update(mail_attempts=len(RETRY_DELAYS))
    assert deliver(archive).mail_due_at is None
    page = signed_in.get("/exports/").content.decode()
    assert ("have stopped trying" in page, "rejected" in page) == (True, False)
    assert (email_counts()["given_up"], email_counts()["returned"]) == (1, 0)


def test_an_error_without_a_text_is_an_error(archive: Archive, signed_in: Client, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.SpeechlessBackend"
    assert deliver(archive).mail_error == "TimeoutError"
    assert "keep trying" in signed_in.get("/exports/").content.decode()


class SpeechlessBackend(BaseEmailBackend):
    """Has an error that says nothing, as some of the network's do."""

    def send_messages(self, _messages: Any) -> int:
        """Fail."""
        raise TimeoutError


def test_a_second_hang_up_with_the_file_has_the_link_sent(archive: Archive, smtp_server: MailServer) -> None:
    smtp_server.cuts_off_from = SIZE
    first = deliver(archive)
    assert (first.mailed_to, first.mail_link_reason) == ("", "")
    assert first.mail_due_at
    Archive.objects.update(mail_due_at=timezone.now())
    sent = deliver(archive)
    assert (sent.mailed_to, sent.mail_due_at, sent.mail_link_reason) == ("susan@example.com", None, "cut_off")
    assert smtp_server.cut_off == 2
    [message] = smtp_server.messages
    assert list(message.iter_attachments()) == []
    for text in bodies(message):
        assert "dropped the connection twice" in text
        assert f"/exports/{archive.task_id}/download/" in text


def test_another_fault_between_two_hang_ups_forgets_neither(archive: Archive, smtp_server: MailServer) -> None:
    smtp_server.cuts_off_from = SIZE
    for replies in ({}, {"connect": "421 Too busy"}, {}):
        smtp_server.replies = replies
        Archive.objects.update(mail_due_at=timezone.now())
        deliver(archive)
    assert smtp_server.cut_off == 2
    assert len(smtp_server.messages) == 1


def test_one_hang_up_costs_no_file(archive: Archive, smtp_server: MailServer) -> None:
    smtp_server.cuts_off_from = SIZE
    deliver(archive)
    smtp_server.cuts_off_from = 0
    Archive.objects.update(mail_due_at=timezone.now())
    assert deliver(archive).mailed_to
    assert len(list(smtp_server.messages[0].iter_attachments())) == 1


def test_a_link_that_is_cut_off_is_retried(archive: Archive, smtp_server: MailServer) -> None:
    smtp_server.cuts_off_from = 1
    for _ in range(3):
        Archive.objects.update(mail_due_at=timezone.now())
        assert deliver(archive).mail_due_at
    smtp_server.cuts_off_from = 0
    Archive.objects.update(mail_due_at=timezone.now())
    assert deliver(archive).mailed_to


# --- Another address than the one with which the export was asked for -----------------------------------


@pytest.fixture
def moved(archive: Archive) -> Archive:
    """An archive whose member has changed their address since they asked for it."""
    archive.task.email = "susan@example.com"
    archive.task.save(update_fields=["email"])
    User.objects.filter(pk=archive.user_id).update(email="new@example.com")
    return archive


def test_a_new_address_gets_a_link_only_and_the_old_one_a_word(moved: Archive, smtp_server: MailServer) -> None:
    deliver(moved)
    assert smtp_server.recipients == [["susan@example.com"], ["new@example.com"]]
    word, link = smtp_server.messages
    assert list(link.iter_attachments()) == list(word.iter_attachments()) == []
    assert all(f"/exports/{moved.task_id}/download/" in text for text in bodies(link))
    assert not any("download" in text or "new@example.com" in text for text in bodies(word))


def test_the_old_address_is_told_first_and_once(moved: Archive, smtp_server: MailServer) -> None:
    smtp_server.refusal = "451 try later"
    assert deliver(moved).mailed_to == ""
    smtp_server.refusal = ""
    for _ in range(2):
        Archive.objects.update(mail_due_at=timezone.now())
        deliver(moved)
    assert smtp_server.recipients == [["susan@example.com"], ["new@example.com"], ["new@example.com"]]


def test_an_old_address_that_is_gone_delays_nothing(moved: Archive, smtp_server: MailServer) -> None:
    smtp_server.unknown_recipient = "550 no such user"
    assert deliver(moved).mail_error == "refused"
    assert Archive.objects.get().mail_link_reason == "address_changed"


def test_the_address_in_another_case_is_the_same(archive: Archive, smtp_server: MailServer) -> None:
    archive.task.email = "Susan@Example.com"
    archive.task.save(update_fields=["email"])
    deliver(archive)
    [message] = smtp_server.messages
    assert len(list(message.iter_attachments())) == 1


def test_an_export_remembers_the_address_of_the_member_who_asks(
    susan: User, signed_in: Client, smtp_server: MailServer, work: Callable[[], None]
) -> None:
    signed_in.post("/exports/")
    User.objects.filter(pk=susan.pk).update(email="new@example.com")
    work()
    assert smtp_server.recipients == [["susan@example.com"], ["new@example.com"]]
