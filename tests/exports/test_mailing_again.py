"""Mail that is refused for good, and mail that the member has sent once more."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from exports.delivery.archive_email import archive_deliver
from exports.models import Archive
from tasks.models import Task
from tasks.services.launch import task_launch
from tests.mail_server import MailServer

Work = Callable[[], None]


def address(archive: Archive) -> str:
    return f"/exports/{archive.task_id}/mail/"


def test_the_member_can_have_the_mail_sent_again_and_each_time_it_is_another_one(
    exported: Archive, signed_in: Client, work: Work
) -> None:
    for _ in range(2):
        page = signed_in.post(address(exported), follow=True).content.decode()
        assert "The email is on its way." in page
        work()
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 3
    exported.refresh_from_db()
    assert exported.mailed_to == "susan@example.com"


def test_it_goes_to_the_address_that_the_member_has_now(
    exported: Archive, susan: User, signed_in: Client, work: Work
) -> None:
    User.objects.filter(pk=susan.pk).update(email="new@example.com")
    signed_in.post(address(exported))
    work()
    assert mail.outbox[-1].to == ["new@example.com"]


def test_a_second_click_sends_it_once(exported: Archive, signed_in: Client, work: Work) -> None:
    signed_in.post(address(exported))
    page = signed_in.post(address(exported), follow=True).content.decode()
    assert "That email is already on its way" in page
    work()
    assert len(mail.outbox) == 2


def test_a_file_that_was_deleted_is_not_mailed(exported: Archive, signed_in: Client, work: Work) -> None:
    signed_in.post(f"/exports/{exported.task_id}/delete/")
    signed_in.post(address(exported))
    work()
    assert len(mail.outbox) == 1


def test_a_stranger_finds_nothing(exported: Archive, stranger: Client) -> None:
    assert stranger.post(address(exported)).status_code == 404


def test_a_get_changes_nothing(exported: Archive, signed_in: Client) -> None:
    assert signed_in.get(address(exported)).status_code == 405
    exported.refresh_from_db()
    assert exported.mail_due_at is None


def test_an_address_that_is_refused_for_good_is_told_to_the_member(
    susan: User, work: Work, smtp_server: MailServer, signed_in: Client
) -> None:
    smtp_server.unknown_recipient = "550 no such user here"
    task = task_launch(user=susan, name="export_posts")
    work()
    archive = Archive.objects.get(task=task)
    assert (archive.mail_due_at, archive.mail_error) == (None, "refused")
    assert "permanently rejected this address" in signed_in.get("/exports/").content.decode()
    assert Task.objects.get().status == "succeeded"


def test_an_address_that_is_refused_for_now_is_retried(susan: User, work: Work, smtp_server: MailServer) -> None:
    smtp_server.unknown_recipient = "450 mailbox busy"
    task = task_launch(user=susan, name="export_posts")
    work()
    assert Archive.objects.get(task=task).mail_due_at


def test_a_file_that_the_storage_lost_is_said_to_be_lost(
    exported: Archive, signed_in: Client, caplog: pytest.LogCaptureFixture
) -> None:
    exported.file.storage.delete(str(exported.file.name))
    assert signed_in.get(f"/exports/{exported.task_id}/download/").status_code == 404
    assert "its file is gone" in caplog.text
    assert "We lost this file" in signed_in.get("/exports/").content.decode()


def test_a_repeat_that_has_to_be_tried_twice_keeps_its_id(
    exported: Archive, signed_in: Client, smtp_server: MailServer, work: Work
) -> None:
    signed_in.post(address(exported))
    smtp_server.hangs_up = True  # it has the mail, but does not say so
    work()
    smtp_server.hangs_up = False
    Archive.objects.update(mail_due_at=timezone.now())
    archive_deliver(exported.pk)
    first, second = smtp_server.messages
    assert first["Message-ID"] == second["Message-ID"] == f"<export-{exported.task_id}-1@localhost>"
