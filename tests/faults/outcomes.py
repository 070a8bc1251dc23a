"""The final result of an export for its member: on the site, in the storage and by email."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from exports.export_job import export_jobs
from exports.models import Archive
from exports.verification import verify_archive
from tasks.models import Task, TaskStatus
from tasks.services.transitions import task_cancel
from tests.faults.pages import exports_page, news_of, start_export
from tests.mail_server import MailServer
from tests.members import signed_in_client
from tests.waiting import wait_until


def assert_exported(task: Task, server: MailServer, *, attempt: int, failures: int) -> Archive:
    """Wait for the export's end: one whole file, its mail, the same word on every page, and room for the next."""
    wait_until(lambda: is_mailed(task), what="The export's mail")
    task.refresh_from_db()
    assert (task.status, task.progress) == (TaskStatus.SUCCEEDED, 100)
    assert (task.attempt, task.failures) == (attempt, failures)
    client = signed_in_client(task.member)
    assert news_of(task, client)["status"] == TaskStatus.SUCCEEDED
    assert f"/exports/{task.pk}/download/" in exports_page(client)
    archive = Archive.objects.get(task=task)
    assert_whole(archive)
    assert_mailed(task, server)
    wait_until(lambda: stored_files(task) == [Path(archive.file.path)], what="The housekeeping")
    assert_another_can_start(task)
    return archive


def assert_given_up(task: Task, server: MailServer, *, error: str) -> None:
    """Look at an export that has failed: a reason on every page, no file, no mail, and room for the next."""
    task.refresh_from_db()
    assert (task.status, task.error) == (TaskStatus.FAILED, error)
    assert task.progress < 100
    client = signed_in_client(task.member)
    news = news_of(task, client)
    assert (news["status"], news["error"]) == (TaskStatus.FAILED, error)
    assert error in exports_page(client)
    assert not Archive.objects.filter(task=task).exists()
    assert stored_files(task) == []
    assert mails_of(task, server) == []
    assert_another_can_start(task)


def is_mailed(task: Task) -> bool:
    return Archive.objects.filter(task=task, mailed_at__isnull=False, mail_due_at=None).exists()


def assert_whole(archive: Archive) -> None:
    assert archive.file.size == archive.size
    if archive.filename.endswith(".zip"):
        assert verify_archive(Path(archive.file.path)).counts["posts"] == archive.user.posts.count()
    else:
        with archive.file.open("rb") as file:
            assert len(json.load(file)["posts"]) == archive.user.posts.count()


def assert_mailed(task: Task, server: MailServer) -> None:
    """Check that the task was emailed, and that all emails belong to the member's tasks."""
    assert len(mails_of(task, server)) >= 1
    own = {message_id(other) for other in Task.objects.filter(user=task.user_id)}
    failures = Task.objects.filter(user=task.user_id, status=TaskStatus.FAILED)
    own |= {f"<export-{failed.pk}-failed@{settings.SITE_HOST}>" for failed in failures}
    assert {message["Message-ID"] for message in server.messages} <= own
    assert {tuple(recipients) for recipients in server.recipients} == {(task.member.email,)}


def mails_of(task: Task, server: MailServer) -> list[Any]:
    return [message for message in server.messages if message["Message-ID"] == message_id(task)]


def message_id(task: Task) -> str:
    return f"<export-{task.pk}@{settings.SITE_HOST}>"


def stored_files(task: Task) -> list[Path]:
    """Return what the task's attempts have in the storage."""
    return [path for path in (settings.VAR_DIR / "exports").glob(f"*/{task.pk}-*/*") if path.is_file()]


def temporary_files() -> list[Path]:
    return list((settings.VAR_DIR / "tmp").glob("export-*"))


def assert_another_can_start(task: Task) -> None:
    """The member starts the same export again: the slot is free. It is called off at once."""
    kinds = {job.name: kind for kind, job in export_jobs().items()}
    newest = start_export(signed_in_client(task.member), kinds[task.name])
    assert newest.status != TaskStatus.FAILED
    task_cancel(newest)
