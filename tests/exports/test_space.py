"""An export that no disk has room for is refused before it is built."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.storage import InMemoryStorage
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exports.models import Archive, Task, TaskStatus
from exports.services import space
from exports.services.launching import task_launch
from exports.services.progress import Heartbeat
from exports.services.space import BYTES_A_POST, NoSpaceError, ensure_free_space

WORDS = "There is not enough room to build your export at the moment. We have been told; try again later."


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@pytest.fixture
def full_disk(settings: LazySettings) -> None:
    """Reserve more than the disk has."""
    settings.EXPORT_FREE_SPACE_RESERVE = 2 * free_bytes(settings.VAR_DIR)


def test_what_fits_passes(settings: LazySettings) -> None:
    settings.EXPORT_FREE_SPACE_RESERVE = 0
    ensure_free_space(posts=0)
    ensure_free_space(posts=free_bytes(settings.VAR_DIR) // 2 // BYTES_A_POST)


def test_more_posts_than_the_disk_has_room_for_are_refused(settings: LazySettings) -> None:
    settings.EXPORT_FREE_SPACE_RESERVE = 0
    with pytest.raises(NoSpaceError, match="no_space"):
        ensure_free_space(posts=2 * free_bytes(settings.VAR_DIR) // BYTES_A_POST)


def test_the_reserve_stays_free(full_disk: None) -> None:
    with pytest.raises(NoSpaceError):
        ensure_free_space(posts=0)


def test_folders_that_are_not_there_yet_are_measured_where_they_will_be(settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "not" / "yet"
    settings.EXPORT_FREE_SPACE_RESERVE = 0
    ensure_free_space(posts=1)


def test_the_disk_of_the_storage_counts_too(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    measured = [settings.VAR_DIR / "tmp", settings.VAR_DIR / "exports"]
    monkeypatch.setattr(space, "_existing", lambda folder: folder)
    assert list(space._folders()) == measured


def test_a_storage_elsewhere_does_not_count(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    monkeypatch.setattr(space, "exports_storage", InMemoryStorage)
    assert len(list(space._folders())) == 1


def test_staff_read_the_figures_in_the_log(full_disk: None, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NoSpaceError):
        ensure_free_space(posts=12)
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "No export of 12 posts" in record.getMessage()


def test_the_job_fails_in_plain_words_and_can_be_retried(
    signed_in: Client, susan: User, work: Callable[[], None], full_disk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(task: Task, heartbeat: Heartbeat) -> Archive:
        ensure_free_space(posts=3)
        raise AssertionError("It must have been refused")

    monkeypatch.setattr("exports.jobs.posts_archive", refuse)
    task = task_launch(user=susan, name="export_posts")
    work()
    task.refresh_from_db()
    assert (task.status, task.error) == (TaskStatus.FAILED, WORDS)
    assert "NoSpaceError" in task.traceback
    page = signed_in.get("/exports/").content.decode()
    assert WORDS in page
    assert reverse("exports:retry", args=[task.pk]) in page
