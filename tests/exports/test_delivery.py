"""The mail of an export, sent to a real SMTP server."""

import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.building.space import local_file
from exports.delivery import attachments
from exports.delivery.archive_email import archive_deliver, archive_message
from exports.delivery.sending import RETRY_DELAYS, emails_reconcile
from exports.models import Archive
from notifications.models import Notification
from tasks.models import TaskStatus
from tasks.services.launch import task_launch
from tests.exports.archives import archive_of
from tests.mail_server import MailServer
from tests.members import PASSWORD, signed_in_client

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


def attached(archive: Archive) -> list[str]:
    return [attachment.filename for attachment in archive_message(archive).attachments]


def complete_archive(user: User, skipped: int) -> Archive:
    return archive_of(
        user,
        b"PK",
        task_name="export_archive",
        filename="microblog-susan.zip",
        content_type="application/zip",
        item_counts={"posts": 3, "follows": 1, "followers": 0, "skipped": skipped},
    )


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
        "Please find attached the archive of your posts that you requested.",
        "posts.json: 3 posts, 174",
        "You can download the file from the site until ",
        " UTC:",
        "http://localhost:8000/exports/",
        "someone else may be signed in to your account",
        "Change your password now; that also signs out every other browser:",
        "http://localhost:8000/accounts/password/change/",
        "The Microblog Team",
    ):
        assert expected in text


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_an_export_that_is_small_only_when_compressed_is_attached_so(
    susan: User, work: Work, server: MailServer, settings: LazySettings, kind: str
) -> None:
    settings.EXPORT_ATTACHMENT_LIMIT = 1000
    susan.posts.create(body="All the same. " * 200)
    archive = export(susan, work)
    [attachment] = server.messages[0].iter_attachments()
    assert (attachment.get_filename(), attachment.get_content_type()) == ("posts.json.zip", "application/zip")
    copy = zipfile.ZipFile(io.BytesIO(attachment.get_content()))
    assert copy.namelist() == ["posts.json"]
    assert copy.read("posts.json") == archive.file.open("rb").read()
    assert copy.getinfo("posts.json").date_time[:3] == archive.snapshot_at.timetuple()[:3]
    text = body(server.messages[0], kind)
    assert "Please find attached the archive of your posts" in text
    assert "Only a compressed copy was small enough to email. Unpack posts.json.zip (" in text
    assert "bytes) to get posts.json." in text.replace("\xa0", " ")
    assert "download it here" not in text


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_large_export_is_linked(
    susan: User, work: Work, server: MailServer, settings: LazySettings, kind: str
) -> None:
    settings.EXPORT_ATTACHMENT_LIMIT = 10
    archive = export(susan, work)
    [message] = server.messages
    assert list(message.iter_attachments()) == []
    text = body(message, kind)
    assert f"http://localhost:8000/exports/{archive.task_id}/download/" in text
    assert "too large to email." in text
    assert "Download your file" in text
    assert "Only you can open it, after signing in." in text
    assert "attached" not in text


def test_the_limit_itself_is_small_enough(susan: User, settings: LazySettings) -> None:
    archive = archive_of(susan, os.urandom(1000))
    settings.EXPORT_ATTACHMENT_LIMIT = 1000
    assert attached(archive) == ["posts.json"]
    settings.EXPORT_ATTACHMENT_LIMIT = 999
    assert attached(archive) == []


def test_an_incompressible_file_is_linked_and_leaves_no_temporary_files(susan: User, settings: LazySettings) -> None:
    settings.EXPORT_ATTACHMENT_LIMIT = 100_000
    assert attached(archive_of(susan, os.urandom(900_000))) == []
    assert list((settings.VAR_DIR / "tmp").iterdir()) == []


def test_a_try_to_compress_ends_where_the_limit_is_exceeded(
    susan: User, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    @contextmanager
    def measured_file() -> Iterator[Path]:
        with local_file() as path:
            yield path
            written.append(path.stat().st_size)

    monkeypatch.setattr(attachments, "local_file", measured_file)
    settings.EXPORT_ATTACHMENT_LIMIT = 500_000
    assert attached(archive_of(susan, os.urandom(4_000_000))) == []
    assert 500_000 < written[0] < 1_000_000


@pytest.mark.parametrize(
    "hopeless", [{"size": 1001}, {"size": 101, "content_type": "application/zip", "filename": "microblog-susan.zip"}]
)
def test_a_zip_and_what_is_far_too_large_are_linked_without_a_look_at_the_file(
    susan: User, settings: LazySettings, hopeless: dict[str, Any]
) -> None:
    settings.EXPORT_ATTACHMENT_LIMIT = 100
    archive = archive_of(susan, b"", **hopeless)
    archive.file.storage.delete(str(archive.file.name))
    assert attached(archive) == []


def test_a_try_to_compress_takes_little_memory(susan: User, settings: LazySettings) -> None:
    settings.EXPORT_ATTACHMENT_LIMIT = 5_000_000
    archive = archive_of(susan, os.urandom(20_000_000))
    archive_message(archive)
    tracemalloc.start()
    try:
        assert attached(archive) == []
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_the_mail_of_the_other_kind_says_what_it_is_and_what_was_left_out(
    susan: User, server: MailServer, settings: LazySettings, kind: str
) -> None:
    archive = complete_archive(susan, skipped=2)
    archive_message(archive).send()
    settings.EXPORT_ATTACHMENT_LIMIT = 1
    archive_message(archive).send()
    assert {message["Subject"] for message in server.messages} == {"[Microblog] Your archive"}
    [attachment] = server.messages[0].iter_attachments()
    assert (attachment.get_filename(), attachment.get_content_type()) == ("microblog-susan.zip", "application/zip")
    small, large = (body(message, kind) for message in server.messages)
    assert "The archive of your data that you requested is attached" in small
    assert "The archive of your data that you requested is ready." in large
    assert "2 records could not be exported. skipped.json in the archive lists them, with the reasons." in small
    assert "blog posts" not in small


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_an_export_that_left_a_post_out_says_so(susan: User, server: MailServer, kind: str) -> None:
    archive_message(archive_of(susan, b"{}", item_counts={"posts": 3, "skipped": 1})).send()
    text = body(server.messages[0], kind)
    assert "1 record could not be exported." in text
    assert "skipped.json" not in text


def test_a_complete_export_speaks_of_nothing_left_out(susan: User, work: Work, server: MailServer) -> None:
    export(susan, work)
    assert "could not be exported" not in body(server.messages[0], "plain")


def test_the_new_password_that_the_mail_advises_signs_out_every_other_browser(susan: User) -> None:
    here, elsewhere = signed_in_client(susan), signed_in_client(susan)
    new = {"password1": "another-long-one", "password2": "another-long-one"}
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})
    assert here.get("/exports/").status_code == 200
    assert elsewhere.get("/exports/").status_code == 302


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
    assert timedelta(0) < archive.mail_due_at - timezone.now() <= RETRY_DELAYS[0]
    assert alert()["mail_pending"]


def test_every_page_says_that_a_delayed_mail_is_still_tried(
    susan: User, work: Work, server: MailServer, signed_in: Client
) -> None:
    server.refusal = "451 try later"
    export(susan, work)
    page = signed_in.get("/exports/").content.decode()
    assert "keep trying" in page
    assert "have stopped trying" not in page


def test_a_late_mail_is_sent_by_the_workers_care(susan: User, work: Work, server: MailServer) -> None:
    server.refusal = "451 try later"
    archive = export(susan, work)
    assert server.messages == []
    server.refusal = ""
    make_due(archive)
    assert emails_reconcile() == 1
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
        emails_reconcile()
    assert len(queue.job_ids) == 1
    work()
    assert len(server.messages) == 1


def test_the_pauses_grow_and_end_after_about_a_day(susan: User, work: Work, server: MailServer) -> None:
    assert sorted(RETRY_DELAYS) == RETRY_DELAYS
    assert timedelta(hours=20) < sum(RETRY_DELAYS, timedelta()) < timedelta(hours=28)
    server.refusal = "451 try later"
    archive = export(susan, work)
    for _ in RETRY_DELAYS:
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
