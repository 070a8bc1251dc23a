"""`manage.py import_posts`: an operator imports a member's archive, as the member would."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from rq import Queue

from accounts.models import User
from imports.models import Import, LeftOut, Stage
from imports.services import reading
from imports.services.writing import write_batch
from notifications.models import Notification
from posts.models import Post, PostOrigin
from tests.imports.conftest import Upload, confirmed, handmade, posts
from tests.imports.test_jobs import undone

REAL_POSTS = Path(settings.BASE_DIR) / "tests" / "data" / "posts.jsonl"
MIXED = [
    *posts(3),
    {"source_id": "u", "body": "unlisted", "kind": "unlisted"},
    {"source_id": "t", "body": "thread", "kind": "thread", "at": "2019-01-01T00:00:00+00:00"},
    {"source_id": "r", "body": "reply", "kind": "reply"},
    {"reason": "boost", "url": "https://e.example/1"},
    {"reason": "private"},
]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.txt"
    path.write_bytes(handmade(*MIXED))
    return path


@pytest.fixture(autouse=True)
def _no_posts(susan: User) -> None:
    susan.posts.all().delete()


def said(capsys: pytest.CaptureFixture[str], *arguments: Any) -> list[str]:
    """Return the lines that the command prints."""
    capsys.readouterr()
    call_command("import_posts", *map(str, arguments))
    return capsys.readouterr().out.splitlines()


def test_a_dry_run_shows_the_preview_and_leaves_nothing(
    archive: Path, susan: User, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "susan", archive, "--dry-run") == [
        "Handmade @susan@elsewhere.example",
        "New posts: 6 (thread: 1, public: 3, unlisted: 1, reply: 1)",
        "By year: 6 (2019: 1, 2020: 5)",
        "Already here: 0",
        "Left out: 2 (someone else's post that you shared: 1, not public: 1)",
    ]
    assert not Import.objects.exists()
    assert not Post.objects.exists()


def test_it_imports_public_posts_and_threads_and_prints_the_report(
    archive: Path, susan: User, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys, "susan", archive)
    upload = Import.objects.get()
    assert lines[5:6] + lines[7:] == [
        "4 posts imported, 0 were already here",
        f"susan can undo this at /imports/{upload.pk}/",
    ]
    assert set(susan.posts.values_list("body", flat=True)) == {"post 0", "post 1", "post 2", "thread"}
    assert PostOrigin.objects.filter(import_id=upload.pk, source="Handmade").count() == 4
    assert LeftOut.objects.filter(upload=upload).count() == 4
    assert (upload.stage, upload.filename, str(upload.file)) == (Stage.DONE, "archive.txt", "")
    assert upload.size == archive.stat().st_size
    assert archive.exists()
    assert not Notification.objects.exists()


def test_the_same_file_again_adds_nothing(archive: Path, susan: User, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "susan", archive)
    assert "0 posts imported, 4 were already here" in said(capsys, "susan", archive)
    assert susan.posts.count() == 4


def test_the_member_can_undo_it(archive: Path, susan: User, redis_queue: Queue) -> None:
    call_command("import_posts", "susan", str(archive))
    assert undone(Import.objects.get()).stage == Stage.UNDONE
    assert not susan.posts.exists()


def test_an_interrupted_import_can_be_undone_or_completed(
    archive: Path, susan: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reading, "BATCH_SIZE", 2)

    def write_once(*arguments: Any) -> Any:
        if susan.posts.exists():
            raise KeyboardInterrupt
        return write_batch(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("imports.management.commands.import_posts.write_batch", write_once)
        with pytest.raises(KeyboardInterrupt):
            call_command("import_posts", "susan", str(archive))
    brought = susan.posts.count()
    upload = Import.objects.get()
    assert (upload.stage, upload.report["imported"]) == (Stage.DONE, brought)
    assert 0 < brought < 4
    assert f"{4 - brought} posts imported, {brought} were already here" in said(capsys, "susan", archive)


def test_real_posts_are_imported_with_their_moments_in_utc(susan: User, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in REAL_POSTS.read_text(encoding="utf-8").splitlines()]
    assert "15746 posts imported, 0 were already here" in said(capsys, "susan", REAL_POSTS)
    moments = [(datetime.fromisoformat(line["timestamp"]).astimezone(UTC), line["body"]) for line in lines]
    moments.sort(key=lambda moment: moment[0])  # those of one second in the order of the lines
    assert list(Post.objects.order_by("timestamp", "id").values_list("timestamp", "body")) == moments


def test_a_damaged_line_is_left_out_and_the_rest_imported(
    susan: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text('{"timestamp": "2026-11-23T15:30:00+05:30", "body": "good"}\nnonsense\n')
    assert "Left out: 1 (damaged: 1)" in said(capsys, "susan", path)
    assert Post.objects.get().timestamp == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_an_unknown_member_is_named(archive: Path) -> None:
    with pytest.raises(CommandError, match=r"No member is called 'nobody'\. Sign up, "):
        call_command("import_posts", "nobody", str(archive))


@pytest.mark.parametrize(("name", "reason"), [("missing.zip", "No such file"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(CommandError, match=f"{name} cannot be read: {reason}.*Name another file"):
        call_command("import_posts", "susan", str(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"what is this?", "We don't recognize this file"),
        (b"", "The file is empty"),
        (handmade("broken"), "line 3"),
    ],
)
def test_a_file_that_is_no_archive_is_refused_in_one_line(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(CommandError, match=rf"a\.txt: [^\n]*{problem}[^\n]*$"):
        call_command("import_posts", "susan", str(tmp_path / "a.txt"))
    assert not Import.objects.exists()


def test_it_waits_for_the_members_own_import(archive: Path, upload: Upload, redis_queue: Queue) -> None:
    confirmed(upload(handmade(*posts(1))))
    with pytest.raises(CommandError, match=r"susan has an import in progress\. Wait until"):
        call_command("import_posts", "susan", str(archive))


def test_off_a_terminal_there_is_no_progress_bar(archive: Path, capfd: pytest.CaptureFixture[str]) -> None:
    call_command("import_posts", "susan", str(archive))
    assert capfd.readouterr().err == ""
