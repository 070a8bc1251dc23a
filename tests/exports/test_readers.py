"""Other programs read the archive: every post, by the rules of each program that reads Mastodon's."""

from collections.abc import Callable

import pytest

from exports.formats.portable_files import CHILD_PROCESS_FROM
from tests.exports.readers import READERS, Files, read, texts_by
from tests.exports.zip_files import PostRow, archive_bytes, files_in, older_archive

pytestmark = pytest.mark.processes  # no database is used

TEXTS = ["plain", "@john hello #tag", "two\nlines <b> & co", "\x7f", "RE: https://x.example/1"]
POSTS: list[PostRow] = [
    (text, f"2026-01-0{number}T12:00:00{fraction}Z", number)
    for number, (text, fraction) in enumerate(zip(TEXTS, ["", ".1", ".123456", "", ".000001"], strict=True), start=1)
]
reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)


@pytest.fixture(scope="module")
def files() -> Files:
    return files_in(archive_bytes(POSTS, about_me="Reads\r\na lot."))


@reader
def test_a_reader_takes_every_post(files: Files, reader: Callable[[Files], list[str]]) -> None:
    assert texts_by(reader, files) == TEXTS


@reader
def test_a_reader_takes_an_archive_without_posts(reader: Callable[[Files], list[str]]) -> None:
    assert reader(files_in(archive_bytes([]))) == []


@reader
@pytest.mark.parametrize("version", [1, 2])
def test_the_readers_are_strict_enough_to_matter(reader: Callable[[Files], list[str]], version: int) -> None:
    """Earlier versions failed with most of them; those that took them are named."""
    old = files_in(older_archive(version))
    try:
        taken = len(reader(old))
    except (AssertionError, KeyError, TypeError, ValueError):
        taken = 0
    assert bool(taken) == (reader.__name__ in {"neodb", "gts_backdated_import", "jekyll"})


@pytest.mark.parametrize("posts", [3, CHILD_PROCESS_FROM + 1000])
def test_the_number_before_the_list_is_right_where_posts_had_to_be_left_out(posts: int) -> None:
    rows: list[PostRow] = [(f"post {number}", "2026-01-01T12:00:00Z", number) for number in range(posts)]
    rows[1] = ("\ud800", "2026-01-01T12:00:00Z", 1)
    files = files_in(archive_bytes(rows))
    outbox = read(files, "outbox.json")
    assert list(outbox) == ["@context", "id", "type", "totalItems", "orderedItems"]
    assert outbox["totalItems"] == len(outbox["orderedItems"]) == posts - 1
    assert outbox["orderedItems"][-1]["object"]["content"] == f"<p>post {posts - 1}</p>"


def test_the_lists_of_likes_and_bookmarks_are_there_and_empty(files: Files) -> None:
    for name in ("likes.json", "bookmarks.json"):
        assert read(files, name) | {"@context": []} == {
            "@context": [],
            "id": name,
            "type": "OrderedCollection",
            "orderedItems": [],
        }
