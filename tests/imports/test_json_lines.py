"""JSON lines: a post a line."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imports.reader import Found, Skipped
from imports.readers import json_lines
from imports.reasons import Reason
from tests.imports.reading import entries_of, label_of, posts_of, zip_of

pytestmark = pytest.mark.processes  # no database is used

TIME = "2026-11-23T10:00:00.000001+01:00"


def line(body: Any = "x", timestamp: Any = TIME) -> bytes:
    return json.dumps({"timestamp": timestamp, "body": body}).encode() + b"\n"


def test_each_line_is_a_post_in_the_order_of_the_file() -> None:
    content = b"\xef\xbb\xbf" + line("one") + b"\r\n" + line("two\nlines 🦔").rstrip()
    assert label_of(content) == "JSON lines"
    one, two = posts_of(content)
    assert (one.body, two.body) == ("one", "two\nlines 🦔")
    assert one.written_at == datetime(2026, 11, 23, 9, 0, 0, 1, UTC)
    assert one.order < two.order
    assert one.source_id != two.source_id
    assert posts_of(line("one"))[0].source_id == one.source_id


def test_a_byte_order_mark_does_not_hide_the_only_line() -> None:
    content = b"\xef\xbb\xbf" + line("one")
    assert label_of(content) == "JSON lines"
    assert [post.body for post in posts_of(content)] == ["one"]


def test_the_same_line_twice_is_two_posts() -> None:
    one, two = posts_of(line() * 2)
    assert one.source_id != two.source_id


@pytest.mark.parametrize(
    "bad",
    [
        b"hello\n",
        b'"text"\n',
        b"[]\n",
        b"{}\n",
        b'{"timestamp": "2026\n',
        b'{"timestamp": "2026-11-23T10:00:00Z", "body": "\xff"}\n',
        rb'{"timestamp": "2026-11-23T10:00:00Z", "body": "\ud800"}' + b"\n",
        b"[" * 100_000 + b"\n",
        line(body=None),
        line(timestamp=7),
        line(timestamp="2026-11-23T10:00:00"),
        line(timestamp="x" * 1000),
    ],
    ids=lambda bad: repr(bad[:30]),
)
def test_a_bad_line_is_listed_with_its_number(bad: bytes) -> None:
    first, skipped, last = entries_of(line() + b"\n" + bad + line())
    assert isinstance(first, Found)
    assert isinstance(last, Found)
    assert isinstance(skipped, Skipped)
    assert skipped.reason == Reason.UNREADABLE
    assert skipped.detail.startswith("line 3: ")
    assert len(skipped.detail) <= 255


def test_a_line_that_is_too_long_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE", 100)
    first, skipped, last = entries_of(line("first") + line("x" * 1000) + line("last"))
    assert isinstance(first, Found)
    assert isinstance(last, Found)
    assert (first.body, last.body) == ("first", "last")
    assert isinstance(skipped, Skipped)
    assert skipped.detail.startswith("line 2: ")


def test_a_file_whose_first_line_is_bad_is_still_recognised() -> None:
    assert label_of(b"# my posts\n" + line()) == "JSON lines"


@pytest.mark.parametrize(
    "content", [b"hello\n", b'{"body": "x"}\n', json.dumps([json.loads(line())]).encode(), zip_of(a=line())]
)
def test_other_files_are_not_recognised(content: bytes) -> None:
    assert label_of(content) is None
