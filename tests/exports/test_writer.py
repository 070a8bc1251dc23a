"""The writer: rows in, JSON out."""

import hashlib
import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.formats.posts_json import write_posts
from exports.formats.rows import BATCH_SIZE, Skipped
from exports.formats.zip_file import DigestingFile
from tests.exports.zip_files import batches_of

pytestmark = pytest.mark.processes  # no database is used

texts = st.text(st.characters(exclude_categories=["Cs"]))
times = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
NOON = "2026-01-01T12:00:00Z"


def written(rows: list[tuple[str, str]]) -> Any:
    output = BytesIO()
    assert write_posts(batches_of(rows), output) == len(rows)
    return json.loads(output.getvalue())


def test_no_posts_make_an_empty_list() -> None:
    assert written([]) == {"posts": []}


@given(st.lists(st.tuples(texts, times)))
def test_any_text_comes_back_unchanged_and_in_order(rows: list[tuple[str, str]]) -> None:
    assert written(rows) == {"posts": [{"body": body, "timestamp": timestamp} for body, timestamp in rows]}


@pytest.mark.parametrize("count", [1, BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1, 2 * BATCH_SIZE])
def test_batches_leave_no_seam(count: int) -> None:
    rows = [(f"post {n}", NOON) for n in range(count)]
    assert [post["body"] for post in written(rows)["posts"]] == [body for body, _ in rows]


def test_the_same_rows_make_the_same_bytes() -> None:
    rows = [("body", NOON)] * (BATCH_SIZE + 5)
    outputs = [BytesIO(), BytesIO()]
    for output in outputs:
        write_posts(batches_of(rows), output)
    assert outputs[0].getvalue() == outputs[1].getvalue()


def test_progress_counts_the_rows_up_to_the_last() -> None:
    seen: list[int] = []
    write_posts(batches_of([("a", NOON)] * (2 * BATCH_SIZE + 1)), BytesIO(), seen.append)
    assert seen == [BATCH_SIZE, 2 * BATCH_SIZE, 2 * BATCH_SIZE + 1]


def test_an_error_that_no_post_explains_is_raised_and_nothing_is_written_twice() -> None:
    class Broken(BytesIO):
        def write(self, data: Any) -> int:
            super().write(data)
            if NOON.encode() in bytes(data):
                raise ValueError("The output is broken")
            return len(data)

    output, skipped = Broken(), list[Skipped]()
    with pytest.raises(ValueError, match="broken"):
        write_posts(batches_of([("once", NOON)]), output, skipped=skipped)
    assert output.getvalue().count(b"once") == 1
    assert skipped == []


def test_an_exception_in_the_callback_ends_the_writing() -> None:
    class StopError(Exception):
        pass

    def stop(_done: int) -> None:
        raise StopError

    with pytest.raises(StopError):
        write_posts(batches_of([("a", NOON)]), BytesIO(), stop)


def test_a_digesting_file_knows_the_size_and_the_hash_of_what_went_through() -> None:
    output = BytesIO()
    file = DigestingFile(output)
    file.write(b"one")
    file.write(memoryview(b"(two)")[1:-1])
    assert output.getvalue() == b"onetwo"
    assert (file.size, file.sha256) == (6, hashlib.sha256(b"onetwo").hexdigest())
