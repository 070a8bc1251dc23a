"""`manage.py load_posts`: all of a file, or none of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import User
from posts.management.commands.load_posts import BATCH_SIZE
from posts.models import Post

REAL_POSTS = Path(settings.BASE_DIR) / "tests" / "data" / "posts.jsonl"
GOOD = b'{"timestamp": "2026-11-23T15:30:00+05:30", "body": "good"}'


def test_real_posts_are_loaded_with_their_moments_in_utc(member: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_posts", "susan", str(REAL_POSTS))
    lines = [json.loads(line) for line in REAL_POSTS.read_text(encoding="utf-8").splitlines()]
    assert "15746 posts loaded for susan" in capsys.readouterr().out
    assert Post.objects.count() == len(lines) == 15_746
    expected = [(line["body"], datetime.fromisoformat(line["timestamp"])) for line in lines]
    assert list(Post.objects.order_by("id").values_list("body", "timestamp")) == expected


def test_an_offset_is_taken_into_account(member: User, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(GOOD)
    call_command("load_posts", "susan", str(tmp_path / "one.jsonl"))
    assert Post.objects.get().timestamp == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"[" * 10_000, "it is not JSON"),
        (b"\xff", r"it is not UTF-8 \(byte 0: b'\\xff'\)"),
        (b"[1]", "it is not an object"),
        (b'{"body": "x"}', 'it has no "timestamp"'),
        (b'{"timestamp": "2026-01-01T00:00:00Z"}', 'it has no "body"'),
        (b'{"timestamp": 5, "body": "x"}', '"timestamp" must be text, not 5'),
        (b'{"timestamp": "2026-01-01T00:00:00Z", "body": null}', '"body" must be text, not None'),
        (b'{"timestamp": "yesterday", "body": "x"}', "timestamp 'yesterday' cannot be used"),
        (b'{"timestamp": "2026-01-01T00:00:00", "body": "x"}', "has no offset from UTC"),
        (b'{"timestamp": "0001-01-01T00:00:00+12:00", "body": "x"}', "cannot be used"),
        (b'{"timestamp": "9999-12-31T23:59:59-10:00", "body": "x"}', "cannot be used"),
        (b'{"timestamp": "2026-01-01T00:00:00Z", "body": " "}', "can't be blank"),
        (b'{"timestamp": "2026-01-01T00:00:00Z", "body": "\\u0000"}', "NUL character"),
        (b'{"timestamp": "2026-01-01T00:00:00Z", "body": "\\ud83d"}', "surrogate"),
        (b'{"timestamp": "2026-01-01T00:00:00Z", "body": "' + b"x" * 141 + b'"}', "your text has 141"),
        (b'"' + b"x" * 70_000, "longer than 65536 bytes"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_nothing_is_loaded(
    member: User, tmp_path: Path, line: bytes, complaint: str
) -> None:
    (tmp_path / "bad.jsonl").write_bytes(b"\n".join([GOOD, GOOD, line, GOOD]))
    with pytest.raises(CommandError, match=rf"(?s)Line 3: .*{complaint}.*Nothing was loaded"):
        call_command("load_posts", "susan", str(tmp_path / "bad.jsonl"))
    assert not Post.objects.exists()


def test_an_unknown_member_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="'nobody'"):
        call_command("load_posts", "nobody", str(REAL_POSTS))


def test_a_missing_file_is_named(member: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing.jsonl cannot be read: No such file"):
        call_command("load_posts", "susan", str(tmp_path / "missing.jsonl"))


def test_a_bad_line_takes_the_batches_before_it_back(member: User, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_bytes((GOOD + b"\n") * (2 * BATCH_SIZE) + b"nonsense")
    with pytest.raises(CommandError, match=f"Line {2 * BATCH_SIZE + 1}: "):
        call_command("load_posts", "susan", str(tmp_path / "bad.jsonl"))
    assert not Post.objects.exists()


def test_off_a_terminal_there_is_no_progress_bar(
    member: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.jsonl").write_bytes(GOOD)
    call_command("load_posts", "susan", str(tmp_path / "one.jsonl"))
    assert capsys.readouterr().err == ""
