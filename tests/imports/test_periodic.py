"""Files that nobody needs any more: what waits for too long, and what killed web servers leave."""

import os
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import User
from core.periodic import REGULAR
from imports import periodic
from imports.models import Import, Stage, imports_storage
from imports.periodic import upload_leftovers_remove, uploads_expire
from imports.services import reading
from tasks.models import Task
from tasks.services.transitions import task_cancel
from tests.imports.conftest import Upload, again, confirmed, handmade, posts
from tests.imports.test_jobs import bodies, undone
from tests.interruptions import run_to_its_first_checkpoint

pytestmark = pytest.mark.usefixtures("redis_queue")


def test_a_file_that_waits_for_a_day_is_deleted(upload: Upload) -> None:
    read = upload(handmade(*posts(1)))
    assert uploads_expire() == 0
    Import.objects.filter(pk=read.pk).update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    assert uploads_expire() == 1
    assert (again(read).stage, str(again(read).file)) == (Stage.DISCARDED, "")
    assert Task.objects.active().count() == 0


def test_a_file_whose_import_begins_meanwhile_is_kept(upload: Upload) -> None:
    read = upload(handmade(*posts(1)))
    Import.objects.filter(pk=read.pk).update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    stale = again(read)
    confirmed(read)
    assert not periodic._expire(stale)
    assert imports_storage().exists(str(again(read).file))


def test_an_import_that_failed_on_the_way_ends_after_a_day_and_can_be_undone(
    upload: Upload, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_SIZE", 3)
    read = upload(handmade(*posts(10)))
    task = confirmed(read)
    run_to_its_first_checkpoint(task)
    task_cancel(task)
    Import.objects.filter(pk=read.pk).update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    assert uploads_expire() == 1
    assert (again(read).stage, again(read).report["imported"]) == (Stage.DONE, 3)
    undone(again(read))
    assert bodies(susan) == []


def test_what_a_killed_web_server_left_of_an_upload_is_removed_after_a_day(
    upload: Upload, settings: LazySettings
) -> None:
    kept = upload(handmade(*posts(1)))
    parts = settings.VAR_DIR / "tmp"
    orphans = [Path(imports_storage().path(f"uploads/{uuid4()}")), parts / "tmpabc.upload.zip"]
    for orphan in orphans:
        orphan.write_bytes(b"x")
    assert upload_leftovers_remove() == 0
    a_day_ago = time.time() - 86_401
    for path in (*orphans, Path(imports_storage().path(str(kept.file.name)))):
        os.utime(path, (a_day_ago, a_day_ago))
    assert upload_leftovers_remove() == 2
    assert not any(orphan.exists() for orphan in orphans)
    assert imports_storage().exists(str(kept.file.name))


def test_workers_do_both_regularly() -> None:
    assert {uploads_expire, upload_leftovers_remove} <= set(REGULAR)
