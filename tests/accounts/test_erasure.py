"""The end of an account: nothing is left behind, and nothing can keep it from its end for good."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.conf import settings as site
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import models
from django.utils import timezone
from rq import Queue
from rq.job import Job

from accounts.closing.erasure import account_erase, accounts_erase
from accounts.models import Session, User
from core import bulk_delete
from exports.delivery.sending import email_enqueue
from exports.models import Archive
from exports.models.archive import exports_storage
from inbox.services import message_send
from notifications.models import Notification
from posts.models import Post, RemovedPost
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client, write_posts_for
from tests.waiting import wait_until
from tests.workers import child_environment

Work = Callable[[], None]
NOW = timezone.now()


@pytest.fixture
def leaver(transactional_db: None) -> User:
    """Return a member whose grace is over, and whose name no other row has."""
    member = make_member("leaver")
    due(member)
    return member


def due(member: User) -> None:
    member.deletion_due_at = timezone.now() - timedelta(minutes=1)
    member.save()


def keep(member: User) -> None:
    User.objects.filter(pk=member.pk).update(deletion_due_at=None)


def live_fully(member: User, friend: User, work: Work) -> None:
    """Have the member leave rows of every kind, files, sessions and jobs, and then be due."""
    # Tests that were rolled back have left files of a member with the same number.
    shutil.rmtree(Path(exports_storage().location) / str(member.pk), ignore_errors=True)  # type: ignore[attr-defined]
    keep(member)
    member.follows.create(followed=friend)
    friend.follows.create(followed=member)
    write_posts_for(member, 3)
    message_send(sender=member, recipient=friend, body="leaver was here")
    message_send(sender=friend, recipient=member, body="Dear leaver")
    RemovedPost.objects.create(post_id=10**6, author=member, body="leaver says this no more", timestamp=NOW)
    member.groups.add(Group.objects.create(name="readers"))
    signed_in_client(member)
    task_launch(user=member, name="export_posts", actor=member)
    work()
    email_enqueue(Archive.objects.get(user=member))
    archive_of(member, b"{}")
    task_launch(user=member, name="export_archive")
    for target in (member, member.posts.all()[0], member.tasks.all()[0]):
        about(target, friend)
    about(friend, member)
    attempt_that_died = f"{member.pk}/{member.tasks.all()[0].pk}-7/left.zip"
    exports_storage().save(attempt_that_died, ContentFile(b"PK"))
    due(member)


def about(target: models.Model, staff: User) -> None:
    LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(target),
        object_id=str(target.pk),
        object_repr=f"leaver {target}"[:200] if target != staff else "x",
        action_flag=CHANGE,
    )


def traces(member_id: int) -> list[str]:
    """Return every row of every model that refers to the member, or has their name in it."""
    return [
        f"{model.__name__} {row}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        for row in model._base_manager.values()
        if "leaver" in str(row) or any(row[field] == member_id for field in references(model))
    ]


def references(model: type[models.Model]) -> list[str]:
    fields = [field for field in model._meta.concrete_fields if field.related_model is User]
    return [field.attname for field in fields] + (["id"] if model is User else [])


def files_of(member_id: int) -> list[Path]:
    return [*Path(exports_storage().location).glob(f"{member_id}/**/*")]  # type: ignore[attr-defined]


def jobs_known(queue: Queue, ids: set[str]) -> int:
    return len([job for job in Job.fetch_many(ids, connection=queue.connection) if job])


def test_erasure_leaves_no_data(leaver: User, john: User, work: Work, queue: Queue) -> None:
    live_fully(leaver, john, work)
    jobs = {*map(str, leaver.tasks.values_list("pk", flat=True))}
    jobs |= {f"mail-{pk}" for pk in leaver.archives.values_list("pk", flat=True)}
    kinds = {trace.split()[0] for trace in traces(leaver.pk)}
    assert kinds >= {
        "User", "User_groups", "Session", "EmailAddress", "LogEntry", "Follow", "Post", "RemovedPost", "Message",
        "Conversation", "Notification", "Task", "TaskEvent", "Archive",
    }  # fmt: skip
    assert len(files_of(leaver.pk)) == 6  # three files in folders of their own
    assert jobs_known(queue, jobs) == 3  # an export that is done, one that waits, and a mail

    assert accounts_erase() == 1

    assert traces(leaver.pk) == []
    assert files_of(leaver.pk) == []
    assert not (Path(exports_storage().location) / str(leaver.pk)).exists()  # type: ignore[attr-defined]
    assert jobs_known(queue, jobs) == 0
    assert accounts_erase() == 0


def test_others_keep_what_is_theirs(leaver: User, john: User, work: Work) -> None:
    live_fully(leaver, john, work)
    write_posts_for(john, 2)
    johns = archive_of(john, b"{}")
    signed_in_client(john)
    message_send(sender=make_member(), recipient=john, body="x")
    accounts_erase()
    assert Notification.objects.get(user=john, name="unread_message_count").data == 1
    assert john.posts.count() == 2
    assert johns.file.storage.exists(str(johns.file.name))
    assert Session.objects.filter(user=john).exists()


def test_an_account_within_its_grace_period_is_kept(leaver: User, john: User) -> None:
    User.objects.filter(pk=leaver.pk).update(deletion_due_at=timezone.now() + timedelta(hours=1))
    assert accounts_erase() == 0
    assert account_erase(user=leaver) is False
    assert User.objects.filter(is_active=True).count() == 2


def test_the_worker_does_it_by_itself(leaver: User, work: Work) -> None:
    work()
    assert not User.objects.filter(pk=leaver.pk).exists()


def test_rows_go_in_batches(leaver: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_delete, "BATCH_SIZE", 4)
    write_posts_for(leaver, 11)
    assert accounts_erase() == 1
    assert not Post.objects.exists()


def test_with_the_storage_unavailable_it_waits_and_the_rows_stay(
    leaver: User, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    archive_of(leaver, b"{}")
    place = Path(exports_storage().location)  # type: ignore[attr-defined]
    elsewhere = place.rename(place.with_name("unmounted"))
    try:
        assert accounts_erase() == 0
        assert Archive.objects.filter(user=leaver).exclude(file="").exists()
        assert "could not be erased" in caplog.text
        assert signed_in_client(leaver).get("/exports/").status_code == 302  # nobody is signed in any more
    finally:
        elsewhere.rename(place)
    assert accounts_erase() == 1
    assert files_of(leaver.pk) == []


@pytest.mark.usefixtures("unreachable_queue")
def test_with_the_queue_server_unavailable_it_waits(leaver: User, caplog: pytest.LogCaptureFixture) -> None:
    assert accounts_erase() == 0
    assert User.objects.filter(pk=leaver.pk).exists()
    assert "the queue server is unavailable" in caplog.text


def test_a_member_who_cannot_be_erased_delays_no_other_member(leaver: User, john: User) -> None:
    archive = archive_of(leaver, b"{}")
    Archive.objects.filter(pk=archive.pk).update(file="../outside")  # a storage refuses such a name
    due(john)
    assert accounts_erase() == 1
    assert [user.username for user in User.objects.all()] == ["leaver"]


def test_killed_in_the_middle_it_is_completed_by_the_next(leaver: User) -> None:
    write_posts_for(leaver, 12_000)
    archive_of(leaver, b"{}")
    command = [sys.executable, "manage.py", "delete_accounts"]
    process = Popen(command, cwd=site.BASE_DIR, env=child_environment(), stdout=DEVNULL, stderr=DEVNULL)
    try:
        wait_until(lambda: Post.objects.count() < 12_000, 30, what="The first batch")
    finally:
        process.kill()
        process.wait()
    assert 0 < Post.objects.count() < 12_000
    assert files_of(leaver.pk) == []
    assert User.objects.filter(pk=leaver.pk).exists()
    assert accounts_erase() == 1
    assert traces(leaver.pk) == []


def test_a_work_horse_at_the_members_export_ends_quietly_and_leaves_nothing(
    leaver: User, worker_factory: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path, queue: Queue
) -> None:
    keep(leaver)
    worker_factory(EXPORT_PROGRESS_INTERVAL="0.1")
    task = task_launch(user=leaver, name="example", params={"seconds": 30})
    wait_until(lambda: Task.objects.filter(pk=task.pk, status=TaskStatus.RUNNING).exists(), 20, what="The job")
    due(leaver)
    assert accounts_erase() == 0
    assert Task.objects.get(pk=task.pk).status == TaskStatus.CANCELLED
    wait_until(lambda: accounts_erase() or not User.objects.filter(pk=leaver.pk).exists(), 20, what="The erasure")
    assert traces(leaver.pk) == []
    log = (tmp_path / "worker.log").read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log


def test_the_command_lists_and_erases(leaver: User, john: User) -> None:
    assert "leaver due" in said("--dry-run")
    assert User.objects.filter(pk=leaver.pk, is_active=True).exists()
    assert said() == "1 members erased, 0 left for later\n"
    assert [user.username for user in User.objects.all()] == ["john"]


def said(*options: str) -> str:
    output = StringIO()
    call_command("delete_accounts", *options, stdout=output)
    return output.getvalue()
