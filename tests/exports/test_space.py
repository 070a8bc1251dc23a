"""An export that no disk has room for is refused before it is built, or stopped while the site can still write."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.storage import InMemoryStorage
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import Follow, User
from exports.building import space
from exports.building.space import BYTES_A_RECORD, NoSpaceError, SpaceWatch, ensure_free_space, ensure_storage_space
from exports.export_job import ExportJob
from exports.formats.rows import BATCH_SIZE
from exports.models import Archive
from inbox.models import Message
from tasks.models import TaskStatus
from tasks.models.failure import FailureCode
from tasks.services.heartbeat import Heartbeat
from tasks.services.launch import task_launch
from tasks.services.transitions import task_beat, task_claim
from tests.job_doubles import replace_run
from tests.members import FIRST, signed_in_client
from tests.waiting import wait_until

TEXT = str(ExportJob.failure_texts[FailureCode.NO_SPACE])


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@pytest.fixture
def full_disk(settings: LazySettings) -> None:
    """Reserve more than the disk has."""
    settings.EXPORT_FREE_SPACE_RESERVE = 2 * free_bytes(settings.VAR_DIR)


def test_an_export_that_fits_succeeds(settings: LazySettings) -> None:
    settings.EXPORT_FREE_SPACE_RESERVE = 0
    ensure_free_space(records=0)
    ensure_free_space(records=free_bytes(settings.VAR_DIR) // 2 // BYTES_A_RECORD)


def test_more_posts_than_the_disk_has_room_for_are_refused(settings: LazySettings) -> None:
    settings.EXPORT_FREE_SPACE_RESERVE = 0
    with pytest.raises(NoSpaceError, match="no_space"):
        ensure_free_space(records=2 * free_bytes(settings.VAR_DIR) // BYTES_A_RECORD)


def test_the_reserve_stays_free(full_disk: None) -> None:
    with pytest.raises(NoSpaceError):
        ensure_free_space(records=0)


def test_folders_that_are_not_there_yet_are_measured_where_they_will_be(settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "not" / "yet"
    settings.EXPORT_FREE_SPACE_RESERVE = 0
    ensure_free_space(records=1)


def test_the_disk_of_the_storage_counts_too(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    measured = [settings.VAR_DIR / "tmp", settings.VAR_DIR / "exports"]
    monkeypatch.setattr(space, "existing_folder", lambda folder: folder)
    assert list(space._folders()) == measured


def test_a_storage_elsewhere_does_not_count(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    monkeypatch.setattr(space, "exports_storage", InMemoryStorage)
    assert len(list(space._folders())) == 1


def test_staff_read_the_figures_in_the_log(full_disk: None, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NoSpaceError):
        ensure_free_space(records=12)
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "No room for an export" in record.getMessage()


def test_the_job_fails_with_a_plain_explanation_and_can_be_retried(
    signed_in: Client, susan: User, work: Callable[[], None], full_disk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_job: ExportJob) -> None:
        ensure_free_space(records=3)
        raise AssertionError("It must have been refused")

    replace_run(monkeypatch, refuse)
    task = task_launch(user=susan, name="export_posts")
    work()
    task.refresh_from_db()
    assert (task.status, task.error) == (TaskStatus.FAILED, TEXT)
    assert "NoSpaceError" in task.traceback
    page = signed_in.get("/exports/").content.decode()
    assert escape(TEXT) in page
    assert reverse("tasks:retry", args=[task.pk]) in page


# While it is written


@pytest.fixture
def long_messages(susan: User, john: User) -> int:
    """Write messages of which each is far longer than was reckoned; return how many."""
    number = 3000
    Message.objects.bulk_create(
        Message(sender=john, recipient=susan, body=os.urandom(1500).hex(), timestamp=FIRST) for _ in range(number)
    )
    return number


@pytest.mark.parametrize("free_at_first", [40_000_000, 14_000_000, 9_000_000])
def test_an_archive_of_long_messages_is_stopped_while_others_can_still_write(  # noqa: PLR0917
    susan: User,
    work: Callable[[], None],
    long_messages: int,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    free_at_first: int,
) -> None:
    settings.EXPORT_FREE_SPACE_RESERVE = 5_000_000
    seen = pretend_free_space(monkeypatch, free_at_first)
    task = task_launch(user=susan, name="export_archive")
    work()
    task.refresh_from_db()
    assert (task.status == TaskStatus.SUCCEEDED) == (free_at_first == 40_000_000), task.traceback
    assert min(seen) > 5_000_000 - 4_000_000, "a few looks late at most"
    if task.status == TaskStatus.FAILED:
        assert task.failures == 0, "another attempt would fill it again"
        assert escape(TEXT) in signed_in_client(susan).get("/exports/").content.decode()
        assert not Archive.objects.exists()
        assert list((settings.VAR_DIR / "tmp").iterdir()) == []


def pretend_free_space(monkeypatch: pytest.MonkeyPatch, free_at_first: int) -> list[int]:
    """Let a disk have so much room, of which all that is written takes its part; return the list of what was left."""
    left = [free_at_first]
    note = SpaceWatch.note

    def counted(watch: SpaceWatch, size: int) -> None:
        left.append(left[-1] - size)
        note(watch, size)

    usage = shutil.disk_usage
    monkeypatch.setattr(SpaceWatch, "note", counted)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage(folder)._replace(free=left[-1]))
    return left


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system needs root, and mount said: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_a_really_small_disk_is_never_filled(  # noqa: PLR0917
    susan: User,
    work: Callable[[], None],
    long_messages: int,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    small_disk: Path,
) -> None:
    settings.VAR_DIR = small_disk
    settings.EXPORT_FREE_SPACE_RESERVE = 16_000_000
    before = free_bytes(small_disk)
    advance = Heartbeat.advance

    def meanwhile_another_member_writes(heartbeat: Heartbeat, done: int) -> None:
        (small_disk / "database").write_bytes(bytes(5_000_000))
        advance(heartbeat, done)

    monkeypatch.setattr(Heartbeat, "advance", meanwhile_another_member_writes)
    task = task_launch(user=susan, name="export_archive")
    work()
    task.refresh_from_db()
    assert (task.status, task.error_code) == (TaskStatus.FAILED, FailureCode.NO_SPACE), task.traceback
    (small_disk / "database").unlink()
    wait_until(lambda: free_bytes(small_disk) >= before - 100_000, what="The room's return")
    assert list((small_disk / "tmp").iterdir()) == []


def test_a_storage_on_another_disk_is_looked_at_before_the_copy(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, full_disk: None
) -> None:
    path = settings.VAR_DIR / "file"
    path.write_bytes(b"x")
    ensure_storage_space(path)  # on this disk it is there already
    monkeypatch.setattr(space, "_folders", lambda: iter([Path("/dev/shm")]))
    settings.EXPORT_FREE_SPACE_RESERVE = 2 * free_bytes(Path("/dev/shm"))
    with pytest.raises(NoSpaceError):
        ensure_storage_space(path)


# Progress


def test_progress_counts_everything_that_is_written(
    susan: User, john: User, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    Message.objects.bulk_create(Message(sender=john, recipient=susan, body="hi", timestamp=FIRST) for _ in range(1200))
    Follow.objects.create(follower=susan, followed=john)
    Follow.objects.create(follower=john, followed=susan)
    seen: list[tuple[int, int]] = []
    advance = Heartbeat.advance

    def noted(heartbeat: Heartbeat, done: int) -> None:
        seen.append((done, heartbeat.total))
        advance(heartbeat, done)

    monkeypatch.setattr(Heartbeat, "advance", noted)
    task = task_launch(user=susan, name="export_archive")
    work()
    task.refresh_from_db()
    everything = 3 + 1 + 1 + 1200
    assert {total for _done, total in seen} == {everything}
    steps = [done for done, _total in seen]
    assert steps == sorted(steps)
    assert (steps[-1], task.done, task.total, task.progress) == (everything, everything, everything, 100)
    assert max(b - a for a, b in pairwise([0, *steps])) <= BATCH_SIZE


@pytest.mark.parametrize(("kind", "words"), [("export_archive", "2 of 9 entries"), ("export_posts", "2 of 9 posts")])
def test_an_alert_names_what_is_counted(susan: User, signed_in: Client, kind: str, words: str) -> None:
    task = task_launch(user=susan, name=kind)
    claimed = task_claim(task_id=str(task.pk), worker="")
    assert claimed
    task_beat(claimed, done=2, total=9)
    assert words in " ".join(signed_in.get("/").content.decode().split())
