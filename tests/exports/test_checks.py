"""The checks of the storage of archives, the disk, and the emails."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from core.health import Status
from exports.checks import check_database_beside_bucket
from exports.models import Archive, FailureEmail
from microblog_project import environment
from tasks.models import Task
from tests.checks import hints_of, problems_of, status_of
from tests.exports.archives import archive_of
from tests.members import make_member


@pytest.fixture
def exports_in(settings: LazySettings) -> Callable[[Path], None]:
    """Return a function that has archives kept in a folder."""

    def choose(folder: Path) -> None:
        settings.STORAGES = {**settings.STORAGES, "exports": environment.exports_storage("", folder)}

    return choose


def test_a_probe_leaves_nothing_in_the_storage_and_the_folder_is_private(
    db: None, exports_in: Callable[[Path], None], tmp_path: Path, settings: LazySettings
) -> None:
    folder = tmp_path / "exports"
    exports_in(folder)
    assert status_of("archive storage") is Status.OK
    assert list(folder.rglob("*")) == []
    folder.chmod(0o755)
    assert "chmod 700" in hints_of("archive storage")
    settings.EXPORT_ACCEL_LOCATION = "/archives/"  # nginx sends them, and belongs to the group
    assert "chmod 750" in hints_of("archive storage")
    folder.chmod(0o750)
    assert status_of("archive storage") is Status.OK


def test_a_storage_that_cannot_be_written_fails(db: None, exports_in: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")  # a read-only folder stops everybody but root
    exports_in(tmp_path / "file" / "exports")
    assert status_of("archive storage") is Status.FAILING
    assert "VAR_DIR" in hints_of("archive storage")


def test_a_storage_that_was_unmounted_fails_and_one_that_was_never_used_is_ok(
    db: None, exports_in: Callable[[Path], None], tmp_path: Path
) -> None:
    exports_in(tmp_path / "exports")
    assert status_of("storage") is Status.OK
    archive_of(make_member(), b"{}")
    (tmp_path / "exports").mkdir(exist_ok=True)
    assert status_of("storage") is Status.OK
    (tmp_path / "exports").rename(tmp_path / "elsewhere")
    assert status_of("storage") is Status.FAILING


def test_archives_that_are_not_in_the_storage_are_counted(db: None) -> None:
    archive = archive_of(make_member(), b"{}")
    assert status_of("archive files") is Status.OK
    archive.file.storage.delete(str(archive.file.name))
    assert problems_of("archive files") == ["0 of the newest 1 are in the storage"]


def test_a_disk_that_has_little_more_than_the_reserve_warns_and_one_with_less_fails(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXPORT_FREE_SPACE_RESERVE = 100
    for free, status in [(200, Status.OK), (199, Status.WARNING), (99, Status.FAILING)]:
        monkeypatch.setattr("exports.checks.free_space", lambda free=free: free)
        assert status_of("disk space") is status


def test_emails_that_do_not_arrive_are_a_problem_by_cause(db: None) -> None:
    assert status_of("emails") is Status.OK
    member, now = make_member(), timezone.now()
    for count, (due_at, error) in enumerate(
        [
            (now - timedelta(minutes=10), ""),
            (now, "site-refused"),
            (now, "Connection refused"),
            (None, "Connection refused"),
        ],
        start=1,
    ):
        archive_of(member, b"{}", mail_due_at=due_at, mail_error=error)
        assert len(problems_of("emails")) == count
    assert status_of("emails") is Status.WARNING


def test_machines_that_share_a_bucket_are_warned_of_a_database_each(settings: LazySettings) -> None:
    assert check_database_beside_bucket() == []
    settings.STORAGES = settings.STORAGES | {"exports": {"BACKEND": "", "OPTIONS": {"endpoint_url": "https://s3"}}}
    is_file = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    assert [message.id for message in check_database_beside_bucket()] == ["microblog.W010"] * is_file


def test_a_member_s_wrong_address_is_not_the_site_s_problem(db: None) -> None:
    archive_of(make_member(), b"{}", mail_error="refused")
    assert status_of("emails") is Status.OK


def test_emails_about_failures_count_too(db: None) -> None:
    task = Task.objects.create(user=make_member(), name="export_posts", status="failed", ended_at=timezone.now())
    FailureEmail.objects.create(task=task, mail_due_at=timezone.now(), mail_error="site-refused")
    assert not Archive.objects.exists()
    assert status_of("emails") is Status.WARNING
