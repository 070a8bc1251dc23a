"""The parts of the archive's writer, with any text there can be."""

import csv
import gc
import hashlib
import html
import json
import re
import subprocess
import tracemalloc
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from exports.formats.activity_streams import Activities
from exports.formats.archive import post_columns, write_archive
from exports.formats.columns import SEPARATOR, encode_texts, interleave, join_texts, split_texts
from exports.formats.offline_pages import articles, escaped
from exports.formats.portable_files import FORMULA_STARTS
from exports.formats.rows import BATCH_SIZE, Batch
from exports.formats.zip_file import COMMENT_LENGTH, DigestingFile, ZipWriter
from exports.verification.container import Container
from tests.exports.zip_files import MOMENT, TIME, PostRow, archive_bytes, files_in, rows, source, with_manifest
from tests.programs import find_program

pytestmark = pytest.mark.processes  # no database is used

texts = st.text(st.characters(exclude_categories=["Cs"]))
lists = st.lists(texts, min_size=1)
some_examples = examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def batch(bodies: list[str]) -> Batch:
    return Batch(bodies, [TIME] * len(bodies), range(len(bodies)))


# Weaving


@given(lists)
@example(["\x7f", ""])
def test_joined_texts_are_separated_again(column: list[str]) -> None:
    assert split_texts(join_texts(column)) == column
    assert encode_texts(join_texts(column)) == [text.encode() for text in column]
    assert encode_texts(join_texts(column), str.upper) == [text.upper().encode() for text in column]


def test_texts_are_joined_unless_one_has_the_separator() -> None:
    assert join_texts(["one", "two"]) == f"one{SEPARATOR}two"
    assert join_texts(["one", SEPARATOR]) == ["one", SEPARATOR]


@given(st.lists(st.tuples(st.binary(), st.binary())))
def test_columns_are_woven_into_rows(pairs: list[tuple[bytes, bytes]]) -> None:
    left, right = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert interleave(b"<", left, b"|", right, b">") == b"".join(b"<" + one + b"|" + two + b">" for one, two in pairs)


# The spreadsheet


@some_examples
@given(lists)
def test_every_text_comes_back_from_the_spreadsheet(bodies: list[str]) -> None:
    text = files_in(archive_bytes(rows(*bodies)))["posts.csv"].decode("utf-8-sig")
    header, *read = csv.reader(StringIO(text, newline=""), strict=True)
    assert header[:2] == ["timestamp", "body"]
    assert {row[0] for row in read} == {TIME}
    assert [row[1].removeprefix("'") for row in read] == bodies
    assert [row[1] for row in read if row[1] and row[1][0] in FORMULA_STARTS] == []


# ActivityStreams


@given(lists, texts)
def test_activities_are_json_whatever_the_texts_and_the_address(bodies: list[str], name: str) -> None:
    activities = Activities(actor_url=name, posts_url="http://localhost/posts/")
    data = activities.encoded(post_columns(batch(bodies)))
    notes = [activity["object"] for activity in json.loads(b"[" + bytes(data) + b"]")]
    contents = [note["content"].removeprefix("<p>").removesuffix("</p>").replace("<br />", "\n") for note in notes]
    assert [html.unescape(content) for content in contents] == [html.unescape(escaped(body)) for body in bodies]
    assert not any("<" in content or ">" in content for content in contents)
    assert {note["attributedTo"] for note in notes} == {name.rstrip("/")}
    assert [note["id"] for note in notes] == [f"http://localhost/posts/{number}" for number in range(len(bodies))]


# The pages


@given(lists)
def test_articles_hold_the_texts_newest_first_and_no_markup_of_theirs(bodies: list[str]) -> None:
    def html_of(texts: list[str]) -> str:
        return articles(post_columns(batch(texts))).html.decode()

    data = html_of(bodies)
    assert data.count("<") == html_of([""] * len(bodies)).count("<")
    assert data.count("<article ") == len(bodies)
    positions = [data.index(f'id="p{number}"') for number in range(len(bodies))]
    assert positions == sorted(positions, reverse=True)
    assert all(escaped(body) in data for body in bodies)


# The container


def test_the_same_contents_of_the_same_moment_make_the_same_bytes() -> None:
    posts = rows(*(f"post {number}" for number in range(2 * BATCH_SIZE + 1)))
    assert archive_bytes(posts) == archive_bytes(posts)


def test_one_post_more_makes_other_bytes() -> None:
    assert archive_bytes(rows("one")) != archive_bytes(rows("one", "two"))


def test_the_seal_is_the_digest_of_all_before_it() -> None:
    archive = archive_bytes(rows("one"))
    seal = b"sha256:" + hashlib.sha256(archive[:-COMMENT_LENGTH]).hexdigest().encode()
    assert archive.endswith(seal)
    with ZipFile(BytesIO(archive)) as container:
        assert container.comment == seal


def test_the_manifest_lists_every_other_file() -> None:
    files = files_in(archive_bytes(rows("one")))
    assert json.loads(files["manifest.json"]) == json.loads(with_manifest(files)["manifest.json"])


def test_times_in_the_container_are_those_of_the_snapshot() -> None:
    with ZipFile(BytesIO(archive_bytes(rows("one")))) as container:
        assert {info.date_time for info in container.infolist()} == {MOMENT.timetuple()[:6]}
        assert {info.external_attr >> 16 for info in container.infolist()} == {0o100644}


@pytest.mark.parametrize("posts", [1, BATCH_SIZE, BATCH_SIZE + 1, 1000, 1001, 5000])
def test_every_post_is_on_one_page_and_pages_lead_to_each_other(posts: int) -> None:
    files = files_in(archive_bytes(rows(*(f"post {number}" for number in range(posts)))))
    pages = [files[f"pages/{number}.html"].decode() for number in range(1, count_pages(files) + 1)]
    assert sum(page.count("<article ") for page in pages) == posts
    for number, page in enumerate(pages, start=1):
        assert (f'href="{number + 1}.html"' in page) == (number < len(pages))
        assert (f'href="{number - 1}.html"' in page) == (number > 1)
        assert page.count(f"Page {number} of {len(pages)}") == 2
    assert f'href="pages/{len(pages)}.html#2026-01"' in files["index.html"].decode()
    assert "\0" not in "".join(pages)


def test_months_are_headings_and_links_lead_to_them() -> None:
    months = [(year, month) for year in (2024, 2025) for month in range(1, 13)]
    posts = [
        (f"post {number}", f"{year}-{month:02}-15T12:00:00Z", 100 * place + number)
        for place, (year, month) in enumerate(months)
        for number in range(1, 51 + 60 * (month == 3))
    ]
    files = files_in(archive_bytes(posts))
    index = files["index.html"].decode()
    pages = [files[f"pages/{number}.html"].decode() for number in (1, 2)]
    headings = [re.findall(r'<h2 id="([0-9-]+)">', page) for page in pages]
    assert all(found == sorted(set(found), reverse=True) for found in headings)
    for year, month in months:
        name = f"{year}-{month:02}"
        [page] = re.findall(rf'href="pages/(\d+)\.html#{name}">', index)
        assert int(page) == max(number for number, found in enumerate(headings, start=1) if name in found)
    assert index.count("110 posts") == 2
    newest_first = re.findall(r'<h2 id="2025-12">December 2025</h2>\n<article id="p(\d+)">', pages[1])
    assert newest_first == ["2350"]


def test_a_page_whose_posts_were_all_skipped_says_so() -> None:
    unreadable = [("\ud800", TIME, number) for number in range(1000)]
    files = files_in(archive_bytes([*unreadable, ("good", TIME, 1001)]))
    assert "None of the items on this page could be exported." in files["pages/1.html"].decode()
    assert "Page 2 of 2" in files["pages/2.html"].decode()


def test_the_pages_of_people_list_them_newest_first() -> None:
    files = files_in(archive_bytes([]))
    page = files["people/following-1.html"].decode()
    assert page.index("mary</a>") < page.index("john</a>")
    assert 'href="people/followers-1.html"' in files["index.html"].decode()


def test_the_readme_says_what_each_file_is() -> None:
    files = files_in(archive_bytes(rows("one")))
    readme = files["README.txt"].decode()
    for name in files:
        folder, slash, _rest = name.rpartition("/")
        assert f"{folder}{slash}" in readme if folder else name in {*readme.replace(",", "").split(), "README.txt"}
    assert "{" not in readme
    assert "&" not in readme


def test_memory_stays_flat_however_many_posts_there_are(tmp_path: Path) -> None:
    def peak(posts: int) -> int:
        made = ((f"post {number} {'x' * 100}", TIME, number) for number in range(posts))
        with (tmp_path / "archive.zip").open("wb") as file:
            tracemalloc.start()
            try:
                write_archive(source(made, expected=posts), DigestingFile(file), tmp_path)
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    peak(10)
    assert peak(18_000) < peak(3_000) + 300_000


def count_pages(files: dict[str, bytes]) -> int:
    return sum(name.startswith("pages/") for name in files)


def test_progress_counts_the_rows_up_to_the_last(tmp_path: Path) -> None:
    seen: list[int] = []
    posts: list[PostRow] = [*rows("one"), ("\ud800", "2026-01-01T12:00:00Z", 2)] * BATCH_SIZE
    write_archive(source(posts), DigestingFile(BytesIO()), tmp_path, seen.append)
    assert seen == [BATCH_SIZE, 2 * BATCH_SIZE, 2 * BATCH_SIZE + 2, 2 * BATCH_SIZE + 3]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_an_exception_in_the_callback_ends_the_writing_and_leaves_no_files(tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(_done: int) -> None:
        raise StopError

    with (tmp_path / "archive.zip").open("wb") as file, pytest.raises(StopError):
        write_archive(source(rows("one")), DigestingFile(file), tmp_path, stop)
    gc.collect()
    assert [path.name for path in tmp_path.iterdir()] == ["archive.zip"]
    assert b"PK\5\6" not in (tmp_path / "archive.zip").read_bytes()


@pytest.mark.long
def test_more_files_than_an_old_zip_can_count(tmp_path: Path) -> None:
    files = 65_600
    path = tmp_path / "many.zip"
    with path.open("wb") as file:
        container = ZipWriter(DigestingFile(file), tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
        for number in range(files):
            container.add_bytes(f"pages/{number}.html", b"%d" % number)
        container.close()
    with ZipFile(path) as container_read:
        assert len(container_read.namelist()) == files
        assert container_read.read("pages/65599.html") == b"65599"
    with path.open("rb") as file:
        assert len(Container(file).members) == files
    assert (
        subprocess.run(
            [find_program("unzip", package="unzip"), "-tq", path], check=False, capture_output=True
        ).returncode
        == 0
    )
