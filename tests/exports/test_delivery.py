"""The mail of an export, sent to a real SMTP server."""

import json
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.models import Archive, TaskStatus
from exports.services.delivery import PAUSES, archive_deliver
from exports.services.launching import task_launch
from exports.services.reconciliation import mails_reconcile
from notifications.models import Notification
from tests.mail_server import MailServer

Work = Callable[[], None]


@pytest.fixture(autouse=True)
def server(smtp_server: MailServer) -> MailServer:
    return smtp_server


def export(user: User, work: Work) -> Archive:
    task = task_launch(user=user, name="export_posts")
    work()
    return Archive.objects.get(task=task)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part
    return str(part.get_content())


def alert() -> dict[str, object]:
    return dict(Notification.objects.get(name="task_progress").data["archive"])


def make_due(archive: Archive) -> None:
    Archive.objects.filter(pk=archive.pk).update(mail_due_at=timezone.now() - timedelta(hours=1))


def test_a_small_export_is_attached(susan: User, work: Work, server: MailServer) -> None:
    archive = export(susan, work)
    [message] = server.messages
    [attachment] = message.iter_attachments()
    assert message["Subject"] == "[Microblog] Your blog posts"
    assert message["To"] == "susan@example.com"
    assert (attachment.get_filename(), attachment.get_content_type()) == ("posts.json", "application/json")
    assert len(json.loads(attachment.get_content())["posts"]) == 3
    assert archive.mailed_to == "susan@example.com"


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_both_bodies_say_what_the_reader_needs(susan: User, work: Work, server: MailServer, kind: str) -> None:
    export(susan, work)
    text = body(server.messages[0], kind)
    for expected in (
        "Dear susan,",
        "please find attached the archive of your posts that you requested.",
        "posts.json: 3 posts",
        "http://localhost:8000/exports/",
        "If it was not you",
        "The Microblog Team",
    ):
        assert expected in text


def test_a_large_export_is_linked(susan: User, work: Work, server: MailServer, settings: LazySettings) -> None:
    settings.EXPORT_ATTACHMENT_LIMIT = 10
    archive = export(susan, work)
    [message] = server.messages
    assert list(message.iter_attachments()) == []
    assert f"http://localhost:8000/exports/{archive.task_id}/download/" in body(message, "plain")


def test_the_message_id_is_the_tasks(susan: User, work: Work, server: MailServer) -> None:
    archive = export(susan, work)
    assert server.messages[0]["Message-ID"] == f"<export-{archive.task_id}@localhost>"


def test_a_mail_sent_again_is_recognisably_the_same(susan: User, work: Work, server: MailServer) -> None:
    archive = export(susan, work)
    Archive.objects.update(mailed_at=None)
    make_due(archive)
    archive_deliver(archive.pk)
    assert len({message["Message-ID"] for message in server.messages}) == 1
    assert len(server.messages) == 2


def test_a_mail_that_was_sent_is_not_sent_again(susan: User, work: Work, server: MailServer) -> None:
    archive_deliver(export(susan, work).pk)
    assert len(server.messages) == 1


def test_a_mail_server_that_is_down_delays_the_mail_and_never_the_archive(
    susan: User, work: Work, server: MailServer
) -> None:
    server.stop()
    archive = export(susan, work)
    assert archive.task.status == TaskStatus.SUCCEEDED
    assert archive.mailed_at is None
    assert archive.mail_due_at
    assert timedelta(0) < archive.mail_due_at - timezone.now() <= PAUSES[0]
    assert alert()["mail_pending"]


def test_every_page_says_that_a_delayed_mail_is_still_tried(
    susan: User, work: Work, server: MailServer, signed_in: Client
) -> None:
    server.refusal = "451 try later"
    export(susan, work)
    page = signed_in.get("/exports/").content.decode()
    assert page.count("we keep trying") == 2  # the alert, and the list
    assert "we stopped trying" not in page


def test_a_late_mail_is_sent_by_the_workers_care(susan: User, work: Work, server: MailServer) -> None:
    server.refusal = "451 try later"
    archive = export(susan, work)
    assert server.messages == []
    server.refusal = ""
    make_due(archive)
    assert mails_reconcile() == 1
    work()
    assert len(server.messages) == 1
    archive.refresh_from_db()
    assert archive.mailed_at
    assert (archive.mail_due_at, archive.mail_error, archive.mail_attempts) == (None, "", 2)
    assert alert()["mailed_to"] == "susan@example.com"


def test_a_late_mail_is_queued_once_however_often_one_looks(
    susan: User, queue: Queue, work: Work, server: MailServer
) -> None:
    server.refusal = "451 try later"
    make_due(export(susan, work))
    server.refusal = ""
    for _ in range(3):
        mails_reconcile()
    assert len(queue.job_ids) == 1
    work()
    assert len(server.messages) == 1


def test_the_pauses_grow_and_end_after_about_a_day(susan: User, work: Work, server: MailServer) -> None:
    assert sorted(PAUSES) == PAUSES
    assert timedelta(hours=20) < sum(PAUSES, timedelta()) < timedelta(hours=28)
    server.refusal = "451 try later"
    archive = export(susan, work)
    for _ in PAUSES:
        make_due(archive)
        archive_deliver(archive.pk)
    archive.refresh_from_db()
    assert archive.mail_due_at is None
    assert "try later" in archive.mail_error
    assert not alert()["mail_pending"]


def test_a_member_without_address_is_told_on_the_site(susan: User, work: Work, server: MailServer) -> None:
    User.objects.update(email="")
    archive = export(susan, work)
    assert (archive.mail_error, archive.mail_due_at) == ("no-address", None)
    assert archive.task.status == TaskStatus.SUCCEEDED
    assert server.messages == []


def test_the_mail_speaks_utf_8(susan: User, work: Work, server: MailServer) -> None:
    susan.posts.create(body="שלום 👩‍👩‍👧 é\u2028")
    export(susan, work)
    [attachment] = server.messages[0].iter_attachments()
    assert json.loads(attachment.get_content())["posts"][-1]["body"] == "שלום 👩‍👩‍👧 é\u2028"
