"""Backup and restore: everything of one moment, whole or not at all, and back again on either database."""

import json
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.models import Archive
from exports.verification import verify_archive
from microblog_project import environment
from operations.backup import making
from operations.backup.archives import archives_keep
from operations.backup.errors import BackupError
from operations.backup.making import ENGINES, backup_make
from operations.backup.manifest import NAME
from operations.backup.restoring import backup_restore
from operations.backup.stamp import backup_stamp, last_backup
from posts.models import Post
from posts.search.interface import find
from posts.search.query import Query
from posts.search.table import POSTS
from tasks.models import TaskStatus
from tasks.services.launch import task_launch
from tasks.services.transitions import task_claim
from tests.bucket import CREDENTIALS, Bucket
from tests.emptying import empty_database
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client
from tests.workers import InProcessWorker

Work = Callable[[], None]


@pytest.fixture
def susan(transactional_db: None) -> User:
    member = make_member("susan")
    for body in ("A first post", "Ein schöner Tag"):
        member.posts.create(body=body)
    return member


@pytest.fixture
def work(redis_queue: Queue) -> Work:
    """Return a function that runs all that is queued, in this process."""

    def run() -> None:
        InProcessWorker([redis_queue], connection=redis_queue.connection).work(burst=True)

    return run


def manage(*command: str) -> tuple[str, str]:
    """Run a management command; return what it said, and its complaint."""
    out = StringIO()
    try:
        call_command(*command, stdout=out, stderr=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def backups(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name != ".lock")


def lose_everything() -> None:
    """Empty the database, and the storage."""
    for archive in Archive.objects.kept():
        archive.file.storage.delete(str(archive.file.name))
    empty_database(None)  # type: ignore[arg-type]


def test_a_backup_taken_while_an_export_runs_brings_everything_back_and_that_export_to_its_end(
    susan: User, work: Work, tmp_path: Path, settings: LazySettings
) -> None:
    task_launch(user=susan, name="export_archive")
    work()
    done = Archive.objects.get()
    running = task_launch(user=susan, name="export_posts")
    assert task_claim(task_id=str(running.pk), worker="of another life")
    cursor = User.objects.get(pk=susan.pk).notification_cursor
    settings.EXPORT_STALE_AFTER = 0.01

    said, complaint = manage("backup", str(tmp_path))
    assert complaint == ""
    assert "1 members; 1 archives copied, 0 left in the storage" in said
    lose_everything()
    Group.objects.create(name="as a migration makes it")
    [backup] = backups(tmp_path)
    said, complaint = manage("restore", str(backup))
    assert complaint == ""
    assert "1 members, 1 files put back, 1 tasks queued again" in said

    assert not Group.objects.filter(name="as a migration makes it").exists()
    member = User.objects.get()
    assert sorted(member.posts.values_list("body", flat=True)) == ["A first post", "Ein schöner Tag"]
    assert find(POSTS, Query.parse("schoner")).ids
    client = signed_in_client(member)
    content = b"".join(client.get(f"/exports/{done.task_id}/download/").streaming_content)  # type: ignore[attr-defined]
    (tmp_path / "downloaded.zip").write_bytes(content)
    assert verify_archive(tmp_path / "downloaded.zip").counts["posts"] == 2
    work()
    running.refresh_from_db()
    assert (running.status, running.attempt) == (TaskStatus.SUCCEEDED, 2)
    news = client.get(f"/notifications/?since={cursor / 1_000_000:.6f}").json()
    assert news[-1]["data"]["status"] == "succeeded"


def test_a_database_that_holds_something_is_replaced_only_by_force(susan: User, tmp_path: Path) -> None:
    backup, _manifest = backup_make(tmp_path)
    Post.objects.all().delete()
    make_member("later")
    _said, complaint = manage("restore", str(backup))
    assert "The database is not empty" in complaint
    assert "--force" in complaint
    assert (User.objects.count(), Post.objects.count()) == (2, 0)
    _said, complaint = manage("restore", str(backup), "--force")
    assert complaint == ""
    assert (User.objects.count(), Post.objects.count()) == (1, 2)
    susan.posts.create(body="Ids go on")  # sequences are restored too
    assert Post.objects.count() == 3


def test_only_the_user_who_made_it_can_read_it(susan: User, tmp_path: Path) -> None:
    archive_of(susan, b"{}")
    backup, _manifest = backup_make(tmp_path / "backups")
    assert stat.S_IMODE((tmp_path / "backups").stat().st_mode) == 0o700
    for path in (backup, *backup.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_it_knows_what_it_holds(susan: User, tmp_path: Path) -> None:
    archive = archive_of(susan, b"{}")
    backup, manifest = backup_make(tmp_path)
    assert json.loads((backup / NAME).read_text())["counts"]["posts.Post"] == 2
    assert manifest.counts["exports.Archive"] == 1
    assert ["exports", "0001_initial"] in manifest.migrations
    assert (backup / "archives" / str(archive.file.name)).read_bytes() == b"{}"
    assert manage("restore", str(backup), "--check")[0] == f"{backup} of {manifest.created_at} is complete.\n"


def flip(path: Path) -> None:
    """Change one byte of a file, which may have a second name elsewhere."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize("what", ["database", "archive", "manifest", "lost archive"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(susan: User, tmp_path: Path, what: str) -> None:
    archive = archive_of(susan, b'{"posts": []}')
    backup, manifest = backup_make(tmp_path)
    kept = backup / "archives" / str(archive.file.name)
    if what == "manifest":
        (backup / NAME).write_text((backup / NAME).read_text()[:-10])
    elif what == "lost archive":
        kept.unlink()
    else:
        flip(backup / manifest.database if what == "database" else kept)
    make_member("later")
    _said, complaint = manage("restore", str(backup), "--force")
    assert "damaged" in complaint or "missing" in complaint
    assert "Use another backup." in complaint
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vendor": "oracle"}, "is of oracle"),
        ({"migrations": [["exports", "9999_later"]]}, "made by newer code (exports.9999_later is unknown"),
        ({"version": 9}, "restores version 1"),
        ({"format": "something else"}, "no manifest of a backup"),
    ],
)
def test_a_backup_that_this_site_cannot_take_is_refused(
    susan: User, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    backup, _manifest = backup_make(tmp_path)
    manifest = json.loads((backup / NAME).read_text())
    (backup / NAME).write_text(json.dumps(manifest | changes))
    _said, complaint = manage("restore", str(backup), "--force")
    assert words in complaint
    assert User.objects.exists()


def test_what_is_no_backup_is_refused(transactional_db: None, tmp_path: Path) -> None:
    _said, complaint = manage("restore", str(tmp_path))
    assert "is no backup" in complaint


def test_a_name_that_leads_out_of_the_storage_is_refused(susan: User, tmp_path: Path) -> None:
    archive_of(susan, b"{}")
    backup, _manifest = backup_make(tmp_path)
    manifest = json.loads((backup / NAME).read_text())
    manifest["archives"][0]["name"] = "../../outside"
    (backup / NAME).write_text(json.dumps(manifest))
    assert "no name of an archive's file" in manage("restore", str(backup), "--force")[1]


def test_a_backup_of_an_older_release_says_which_migrations_to_run(susan: User, tmp_path: Path) -> None:
    backup, _manifest = backup_make(tmp_path)
    manifest = json.loads((backup / NAME).read_text())
    manifest["migrations"].remove(["notifications", "0002_dismissed"])
    (backup / NAME).write_text(json.dumps(manifest))
    said, _complaint = manage("restore", str(backup), "--force")
    assert "Now run manage.py migrate: notifications.0002_dismissed" in said


def test_a_database_that_cannot_be_loaded_stays_as_it_was(susan: User, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"This is no database. " * 1000)
    with pytest.raises(BackupError):
        ENGINES[connection.vendor].load(nonsense)
    assert User.objects.get().posts.count() == 2


def test_so_many_are_kept_and_nothing_else_is_removed(susan: User, tmp_path: Path) -> None:
    (tmp_path / "microblog-notes").mkdir()
    made = [backup_make(tmp_path, keep=2)[0] for _ in range(3)]
    assert backups(tmp_path) == sorted([*made[1:], tmp_path / "microblog-notes"])
    assert "above 0" in manage("backup", str(tmp_path), "--keep", "0")[1]


def test_a_backup_that_fails_leaves_nothing_behind_and_the_next_clears_up_after_one_that_died(
    susan: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(making, "archives_keep", full)
        assert "No space left on device" in manage("backup", str(tmp_path))[1]
    assert backups(tmp_path) == []
    (tmp_path / ".microblog-20260101T000000Z.part").mkdir()
    backup, _manifest = backup_make(tmp_path)
    assert backups(tmp_path) == [backup]


def test_of_two_at_once_the_second_is_refused(susan: User, tmp_path: Path) -> None:
    with making._alone(tmp_path):
        assert "Another backup" in manage("backup", str(tmp_path))[1]


def test_a_file_that_the_storage_has_lost_is_told_and_the_backup_is_made(susan: User, tmp_path: Path) -> None:
    lost, damaged = archive_of(susan, b"{}"), archive_of(susan, b"[]")
    Path(lost.file.path).unlink()
    Path(damaged.file.path).write_bytes(b"??")
    said, complaint = manage("backup", str(tmp_path))
    assert "2 files that the storage has lost" in complaint
    assert f"{lost.file.name} is missing" in said
    assert f"{damaged.file.name} is damaged" in said
    [backup] = backups(tmp_path)
    assert backup_restore(backup, force=True).files == 0


def test_a_file_whose_time_was_over_meanwhile_is_no_loss(
    susan: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = archive_of(susan, b"{}")

    def housekeeping_comes(*arguments: Any, **options: Any) -> Any:
        Path(archive.file.path).unlink()
        Archive.objects.update(file="")
        return keep(*arguments, **options)

    keep = archives_keep
    monkeypatch.setattr(making, "archives_keep", housekeeping_comes)
    _backup, manifest = backup_make(tmp_path)
    assert [file.state for file in manifest.archives] == ["gone"]


def test_files_that_are_there_already_are_not_written_again_and_different_ones_are(susan: User, tmp_path: Path) -> None:
    same, different = archive_of(susan, b"{}"), archive_of(susan, b"[]")
    backup, _manifest = backup_make(tmp_path)
    path = Path(different.file.path)
    path.unlink()  # the backup has the old content under another name
    path.write_bytes(b"changed")
    inode = Path(same.file.path).stat().st_ino
    assert backup_restore(backup, force=True).files == 1
    assert path.read_bytes() == b"[]"
    assert Path(same.file.path).stat().st_ino == inode


def test_on_another_disk_files_are_copied(susan: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(susan, b"{}")

    def other_disk(*_paths: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", other_disk)
    backup, manifest = backup_make(tmp_path)
    assert [file.state for file in manifest.archives] == ["copied"]
    assert (backup / "archives" / str(archive.file.name)).stat().st_ino != Path(archive.file.path).stat().st_ino


def test_the_time_of_the_last_one_is_known(susan: User, tmp_path: Path, settings: LazySettings) -> None:
    settings.VAR_DIR = tmp_path
    assert last_backup() is None
    backup_stamp().write_text("nonsense")
    assert last_backup() is None
    backup_make(tmp_path / "backups")
    made_at = last_backup()
    assert made_at is not None
    assert (timezone.now() - made_at).total_seconds() < 60


@pytest.fixture
def bucket(bucket_server: Bucket, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    entry = environment.exports_storage(bucket_server.url, settings.VAR_DIR / "exports")
    settings.STORAGES = {**settings.STORAGES, "exports": entry}
    monkeypatch.setattr(Archive._meta.get_field("file"), "storage", storages["exports"])
    return bucket_server


@pytest.mark.processes
def test_a_buckets_files_are_looked_for_and_stay_there_or_are_copied_if_asked_for(
    bucket: Bucket, susan: User, tmp_path: Path
) -> None:
    archive, lost = archive_of(susan, b"{}"), archive_of(susan, b"[]")
    archive.file.storage.delete(str(lost.file.name))
    _backup, manifest = backup_make(tmp_path / "listed")
    assert [file.state for file in manifest.archives] == ["listed", "missing"]
    backup, manifest = backup_make(tmp_path / "copied", copy=True)
    assert [file.state for file in manifest.archives] == ["copied", "missing"]
    archive.file.storage.delete(str(archive.file.name))
    assert backup_restore(backup, force=True).files == 1
    with archive.file.storage.open(str(archive.file.name)) as file:
        assert file.read() == b"{}"
