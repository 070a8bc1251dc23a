"""Faults of the mail server: they delay the mail and never the archive, and no mail is missing in the end."""

import json
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from subprocess import Popen

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from exports.delivery.sending import RETRY_DELAYS
from exports.models import Archive
from tasks.models import Task, TaskStatus
from tests.faults.horses import horse_of
from tests.faults.pages import (
    assert_another_succeeds,
    downloaded,
    exports_page,
    news_of,
    start_export,
    wait_for_end,
    wait_for_mail,
)
from tests.mail_server import MailServer
from tests.members import signed_in_client
from tests.waiting import wait_until

StartWorker = Callable[[], "Popen[bytes]"]

KEEP_TRYING = "We couldn't send the email yet. We'll keep trying; you can download the file now."
STOPPED_TRYING = "We couldn't send the email and have stopped trying. You can download the file here."
REFUSED = "Your email provider permanently rejected this address."

pytestmark = pytest.mark.processes


@pytest.fixture
def client(susan: User) -> Client:
    susan.posts.create(body="All that I wrote")
    return signed_in_client(susan)


@pytest.fixture
def start(start_worker: Callable[..., "Popen[bytes]"]) -> StartWorker:
    """Start a worker that does not wait long for the mail server."""
    return lambda: start_worker(EMAIL_TIMEOUT="1")


def wait_for_failed_try(task: Task, number: int) -> Archive:
    """Return the archive when the try at its mail of that number has failed."""
    failed = Archive.objects.exclude(mail_error="").filter(task=task, mail_attempts=number)
    return wait_until(failed.first, what=f"The failure of try {number}")  # type: ignore[return-value]


def let_pause_be_over(task: Task) -> None:
    """Make the mail due since a minute, and forget how the last try failed: the real pauses are a minute and more."""
    Archive.objects.filter(task=task).update(mail_due_at=timezone.now() - timedelta(minutes=1), mail_error="")


def assert_mailed_once_and_shown_so(task: Task, client: Client, server: MailServer, *, repeat: str = "") -> None:
    archive = wait_for_mail(task)
    [message] = server.messages
    [attachment] = message.iter_attachments()
    assert attachment.get_payload(decode=True) == archive.file.open("rb").read()
    assert message["Message-ID"] == f"<export-{task.pk}{repeat}@localhost>"
    assert (archive.mail_due_at, archive.mail_error) == (None, "")
    assert news_of(task, client)["archive"]["mailed_to"] == "susan@example.com"
    assert "Handed to the mail server for susan@example.com." in exports_page(client)
    task.refresh_from_db()
    assert (task.status, task.attempt) == (TaskStatus.SUCCEEDED, 1)


def go_down(server: MailServer) -> None:
    server.stop()


def refuse(server: MailServer) -> None:
    server.refusal = "451 try later"


def refuse_recipients(server: MailServer) -> None:
    server.unknown_recipient = "450 mailbox busy"


def stall(server: MailServer) -> None:
    server.stalls = True


def let_be_noticed(server: MailServer) -> None:
    """Have a server that stalls notice that its client is dead, and reply again to others."""
    wait_until(lambda: not server.stalled, what="The end of the connection")
    server.stalls = False


def recover(server: MailServer) -> None:
    server.refusal = server.unknown_recipient = ""
    server.stalls = server.hangs_up = False
    server.stop()
    server.start()


@pytest.mark.parametrize("fault", [pytest.param(go_down, marks=pytest.mark.short), refuse, refuse_recipients, stall])
def test_a_mail_server_fault_delays_the_email_but_not_the_archive(
    start: StartWorker, client: Client, smtp_server: MailServer, fault: Callable[[MailServer], None]
) -> None:
    fault(smtp_server)
    start()
    task = start_export(client)
    archive = wait_for_failed_try(task, 1)
    assert wait_for_end(task).status == TaskStatus.SUCCEEDED
    assert archive.mail_due_at
    assert timedelta(0) < archive.mail_due_at - timezone.now() <= RETRY_DELAYS[0]
    assert news_of(task, client)["archive"]["mail_pending"]
    assert KEEP_TRYING in exports_page(client)
    [post] = json.loads(downloaded(task, client))["posts"]
    assert post["body"] == "All that I wrote"
    assert smtp_server.messages == []
    recover(smtp_server)
    let_pause_be_over(task)
    assert_mailed_once_and_shown_so(task, client, smtp_server)
    assert_another_succeeds(client)


def test_the_email_is_sent_when_the_mail_server_returns(
    start: StartWorker, client: Client, smtp_server: MailServer
) -> None:
    smtp_server.stop()
    start()
    task = start_export(client)
    for number in (1, 2, 3):
        archive = wait_for_failed_try(task, number)
        assert archive.mail_due_at
        remaining = archive.mail_due_at - timezone.now()
        assert RETRY_DELAYS[number - 1] - timedelta(seconds=20) < remaining <= RETRY_DELAYS[number - 1]
        let_pause_be_over(task)
    smtp_server.start()
    let_pause_be_over(task)
    assert_mailed_once_and_shown_so(task, client, smtp_server)


def test_an_email_sent_twice_after_a_lost_connection_has_one_message_id(
    start: StartWorker, client: Client, smtp_server: MailServer
) -> None:
    smtp_server.hangs_up = True
    start()
    task = start_export(client)
    wait_for_failed_try(task, 1)
    assert len(smtp_server.messages) == 1
    assert KEEP_TRYING in exports_page(client)
    recover(smtp_server)
    let_pause_be_over(task)
    wait_for_mail(task)
    first, second = smtp_server.messages
    assert first["Message-ID"] == second["Message-ID"] == f"<export-{task.pk}@localhost>"
    assert [part.get_content() for part in first.iter_attachments()] == [
        part.get_content() for part in second.iter_attachments()
    ]
    assert_another_succeeds(client)


def test_a_permanently_rejected_address_is_reported_and_the_email_resent_to_a_new_one(
    start: StartWorker, client: Client, susan: User, smtp_server: MailServer
) -> None:
    smtp_server.unknown_recipient = "550 no such user here"
    start()
    task = start_export(client)
    archive = wait_for_failed_try(task, 1)
    assert (archive.mail_error, archive.mail_due_at) == ("refused", None)
    assert news_of(task, client)["archive"]["mail_error"] == "refused"
    page = exports_page(client)
    assert REFUSED in page
    assert f"/exports/{task.pk}/mail/" in page
    smtp_server.unknown_recipient = ""
    User.objects.filter(pk=susan.pk).update(email="better@example.com")
    client.post(f"/exports/{task.pk}/mail/")
    wait_for_mail(task)
    assert smtp_server.recipients == [["susan@example.com"], ["better@example.com"]]  # a word, then the link
    assert "Handed to the mail server for better@example.com." in exports_page(client)


def test_an_email_is_given_up_after_a_day_and_can_be_resent(
    start: StartWorker, client: Client, smtp_server: MailServer
) -> None:
    smtp_server.refusal = "451 try later"
    start()
    task = start_export(client)
    wait_for_failed_try(task, 1)
    Archive.objects.filter(task=task).update(mail_attempts=len(RETRY_DELAYS))
    let_pause_be_over(task)
    archive = wait_for_failed_try(task, len(RETRY_DELAYS) + 1)
    assert archive.mail_due_at is None
    assert STOPPED_TRYING in exports_page(client)
    smtp_server.refusal = ""
    client.post(f"/exports/{task.pk}/mail/")
    assert_mailed_once_and_shown_so(task, client, smtp_server, repeat="-1")


def test_an_email_interrupted_by_a_crash_is_sent_by_the_next_job(
    start: StartWorker, client: Client, smtp_server: MailServer
) -> None:
    smtp_server.stalls = True
    worker = start()
    task = start_export(client)
    wait_until(lambda: smtp_server.stalled, what="The mail that stalls")
    os.kill(horse_of(worker), signal.SIGKILL)
    let_be_noticed(smtp_server)
    assert_mailed_once_and_shown_so(task, client, smtp_server)
    assert_another_succeeds(client)


def test_another_worker_sends_the_email_of_a_killed_one(
    start: StartWorker, client: Client, smtp_server: MailServer
) -> None:
    smtp_server.stalls = True
    worker = start()
    task = start_export(client)
    wait_until(lambda: smtp_server.stalled, what="The mail that stalls")
    horse = horse_of(worker)
    worker.kill()
    os.kill(horse, signal.SIGKILL)
    let_be_noticed(smtp_server)
    assert wait_for_end(task).status == TaskStatus.SUCCEEDED
    assert "The email is on its way." in exports_page(client)
    let_pause_be_over(task)  # the dead worker's lease of the mail
    start()
    assert_mailed_once_and_shown_so(task, client, smtp_server)
    assert_another_succeeds(client)
