"""The end of what is kept: expired files, files beyond a member's number, leftovers; and the worker that ends them."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import Popen

import pytest
from django.conf import LazySettings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.periodic import REGULAR
from exports.models import Archive
from exports.models.archive import Removal
from exports.storage.cleanup import archive_discard, archives_expire, archives_trim, leftovers_remove
from tasks import worker as worker_module
from tasks.models import Housekeeping, Task
from tasks.services.launch import task_launch
from tests.waiting import wait_until

Work = Callable[[], None]


def keep(user: User, *, age: float = 0, days_left: float = 1) -> Archive:
    """Return an archive of the member's with a real file, `age` days old."""
    created_at = timezone.now() - timedelta(days=age)
    task = Task.objects.create(user=user, name="export_posts", status="succeeded", progress=100, created_at=created_at)
    archive = Archive(
        task=task,
        user=user,
        filename="posts.json",
        size=2,
        snapshot_at=created_at,
        created_at=created_at,
        expires_at=timezone.now() + timedelta(days=days_left),
    )
    archive.file.save(f"{user.pk}/{task.pk}-1/posts.json", ContentFile(b"{}"))
    return archive


def is_stored(archive: Archive) -> bool:
    """Return whether the file is in the storage."""
    return archive.file.storage.exists(str(archive.file.name))


def has_file(archive: Archive) -> bool:
    """Return whether the row says that there is a file."""
    return Archive.objects.kept().filter(pk=archive.pk).exists()


def leave(settings: LazySettings, name: str, age: float) -> Path:
    """Return a temporary file that was last written `age` seconds ago."""
    path: Path = settings.VAR_DIR / "tmp" / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_a_file_past_its_time_goes_and_the_page_says_so(signed_in: Client, susan: User) -> None:
    archive = keep(susan, days_left=-1)
    assert archives_expire() == 1
    assert (is_stored(archive), has_file(archive)) == (False, False)
    assert "Expired" in signed_in.get("/exports/").content.decode()


def test_others_stay(susan: User, john: User) -> None:
    archives = [keep(susan, days_left=1), keep(john, days_left=0.01)]
    assert archives_expire() == 0
    assert all(is_stored(archive) and has_file(archive) for archive in archives)


def test_a_second_housekeeping_finds_nothing_to_do(susan: User) -> None:
    keep(susan, days_left=-1)
    assert [archives_expire(), archives_expire()] == [1, 0]


def test_of_two_workers_at_one_file_one_removes_it(susan: User) -> None:
    archive = keep(susan)
    other = Archive.objects.get(pk=archive.pk)
    assert [archive_discard(each, Removal.DELETED) for each in (archive, other)] == [True, False]


def test_a_death_between_file_and_row_is_made_good(susan: User) -> None:
    archive = keep(susan, days_left=-1)
    archive.file.storage.delete(str(archive.file.name))
    assert archives_expire() == 1
    assert not has_file(archive)


def test_a_mail_that_is_still_due_is_called_off(susan: User) -> None:
    archive = keep(susan, days_left=-1)
    Archive.objects.update(mail_due_at=timezone.now())
    archives_expire()
    archive.refresh_from_db()
    assert archive.mail_due_at is None


def test_a_storage_that_fails_is_logged_hinders_no_request_and_is_retried(
    susan: User, john: User, caplog: pytest.LogCaptureFixture
) -> None:
    stuck, other = keep(susan, days_left=-1), keep(john, days_left=-1)

    def sometimes_broken(storage: FileSystemStorage, name: str) -> None:
        if name == stuck.file.name:
            raise OSError("the disk is on fire")
        Path(storage.path(name)).unlink()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", sometimes_broken)
        assert archives_expire() == 1
    assert (has_file(stuck), has_file(other)) == (True, False)
    assert "the disk is on fire" in caplog.text
    assert archives_expire() == 1
    assert not is_stored(stuck)


def test_a_member_keeps_the_newest_files_only(susan: User, john: User, settings: LazySettings) -> None:
    settings.EXPORT_MAX_ARCHIVES = 2
    susans = [keep(susan, age=age) for age in (3, 1, 2, 0)]
    johns = [keep(john, age=age) for age in (9, 8)]
    assert archives_trim() == 2
    assert [has_file(archive) for archive in susans] == [False, True, False, True]
    assert all(has_file(archive) for archive in johns)
    assert archives_trim() == 0


def test_files_that_are_gone_do_not_count(susan: User, settings: LazySettings) -> None:
    settings.EXPORT_MAX_ARCHIVES = 2
    for age in (0, 1):
        archive_discard(keep(susan, age=age), Removal.DELETED)
    older = [keep(susan, age=age) for age in (2, 3)]
    assert archives_trim() == 0
    assert all(has_file(archive) for archive in older)


def test_a_new_export_takes_the_place_of_the_oldest_at_once(
    susan: User, work: Work, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The job does it, not the housekeeping.
    monkeypatch.setattr(worker_module, "REGULAR", [part for part in REGULAR if part is not archives_trim])
    settings.EXPORT_MAX_ARCHIVES = 2
    oldest, newer = keep(susan, age=2), keep(susan, age=1)
    task = task_launch(user=susan, name="export_posts")
    work()
    assert (has_file(oldest), has_file(newer)) == (False, True)
    assert Archive.objects.get(task=task).is_available
    assert Archive.objects.get(task=task).mailed_at


def test_leftovers_of_dead_jobs_go_and_files_in_use_stay(transactional_db: None, settings: LazySettings) -> None:
    old = leave(settings, "export-dead", settings.EXPORT_JOB_TIMEOUT + 60)
    young = leave(settings, "export-alive", settings.EXPORT_JOB_TIMEOUT - 60)
    foreign = leave(settings, "somebody-elses", settings.EXPORT_JOB_TIMEOUT + 60)
    assert leftovers_remove() == 1
    assert [path.exists() for path in (old, young, foreign)] == [False, True, True]
    for path in (young, foreign):
        path.unlink()


def test_without_a_folder_there_are_no_leftovers(settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    assert leftovers_remove() == 0


def test_a_worker_keeps_house_as_it_starts(susan: User, work: Work, settings: LazySettings) -> None:
    keep(susan, days_left=-1)
    work()
    assert not Archive.objects.kept().exists()


def test_a_part_that_fails_hinders_no_other_part(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    def archives_expire() -> int:
        raise RuntimeError("the database is on fire")

    monkeypatch.setattr(worker_module, "REGULAR", (archives_expire, *REGULAR[1:]))
    leftover = leave(settings, "export-dead", settings.EXPORT_JOB_TIMEOUT + 60)
    work()
    assert "the database is on fire" in caplog.text
    assert not leftover.exists()
    errors = dict(Housekeeping.objects.values_list("name", "error"))
    assert (errors["archives_expire"], errors["leftovers_remove"]) == ("RuntimeError", "")


def test_a_real_worker_removes_what_expires_while_it_runs(
    susan: User, worker_factory: Callable[..., "Popen[bytes]"], settings: LazySettings
) -> None:
    archive = keep(susan)
    worker_factory(EXPORT_HOUSEKEEPING_INTERVAL="1", EXPORT_RECONCILE_INTERVAL="60", EXPORT_MAX_ARCHIVES="1")
    leftover = leave(settings, "export-dead", settings.EXPORT_JOB_TIMEOUT + 60)
    wait_until(lambda: not leftover.exists(), 20, what="The end of the leftover")
    assert is_stored(archive)
    Archive.objects.update(expires_at=timezone.now())
    wait_until(lambda: not has_file(archive), 20, what="The end of the expired file")
    assert not is_stored(archive)
    older, newer = keep(susan, age=1), keep(susan)
    wait_until(lambda: not has_file(older), 20, what="The end of the older file")
    assert is_stored(newer)
