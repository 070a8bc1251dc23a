"""The archives of this software, as its own code writes them."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.member_data import Part
from exports.choice import ArchiveChoice
from imports.archives.archive import ArchiveError, open_archive
from imports.reader import Found, Reader, Skipped, reader_of
from imports.readers import microblog
from imports.reasons import Reason
from tests.exports.zip_files import (
    SITE,
    TIME,
    archive_bytes,
    files_in,
    older_archive,
    packed,
    rows,
    with_manifest,
)
from tests.imports.reading import entries_of, label_of, posts_of, skipped_of, tar_gz_of_files, zip_of_files

pytestmark = pytest.mark.processes  # no database is used

BODIES = ["one", "two\nlines, \"quotes\" and 'more'", '},{"body":"three"},{', "=1+1", "🦔 ünï\u200d"]
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
OWN = archive_bytes(rows(*BODIES))
POSTS = files_in(OWN)["posts.json"]


@contextmanager
def reader(content: bytes, name: str = "archive.zip") -> Iterator[Reader]:
    with open_archive(io.BytesIO(content), name) as archive:
        found = reader_of(archive)
        assert found
        yield found


def posts_json(*records: Any) -> bytes:
    return json.dumps({"posts": records}).encode()


def changed(name: str, content: Any) -> bytes:
    """Return the site's archive with a file of any JSON, and a manifest that agrees with it."""
    return packed(with_manifest({**files_in(OWN), name: json.dumps(content).encode()}))


def manifest_with(**changes: Any) -> bytes:
    return packed(with_manifest(files_in(OWN), **changes))


def damaged(content: bytes) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        entries_of(content)
    return caught.value


# The forms


def in_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    copies = {f"__MACOSX/my archive/._{name}": b"\x00\x05\x16\x07" for name in files}
    return {**copies, **{f"my archive/{name}": content for name, content in files.items()}}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(POSTS, id="posts.json"),
        pytest.param(b"\xef\xbb\xbf" + json.dumps(json.loads(POSTS), indent=2).encode(), id="saved by an editor"),
        pytest.param(packed({"posts.json": POSTS}), id="as emails attach it"),
        pytest.param(OWN, id="complete"),
        pytest.param(zip_of_files(in_folder(files_in(OWN))), id="repacked by macOS"),
        pytest.param(tar_gz_of_files(in_folder(files_in(OWN))), id="repacked by tar"),
    ],
)
def test_every_form_of_an_export_has_the_same_posts(content: bytes) -> None:
    assert label_of(content) == "Microblog"
    posts = posts_of(content)
    assert [post.body for post in posts] == BODIES
    assert {post.written_at for post in posts} == {AT}
    assert [post.source_id for post in posts] == [post.source_id for post in posts_of(POSTS)]
    assert skipped_of(content) == []


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_archive_of_an_older_version_is_read(version: int, settings: LazySettings) -> None:
    settings.SITE_URL = SITE
    content = older_archive(version)
    with reader(content) as found:
        assert (found.source, found.owner(), found.expected()) == ("Microblog", "@susan@localhost:8000", 5)
        assert found.extras().follows == ["john", "mary"]
        assert found.extras().profile["about_me"] == "Reads."
    expected = [post["body"] for post in json.loads(files_in(content)["posts.json"])["posts"]]
    assert [post.body for post in posts_of(content)] == expected


def partial(parts: str = "posts people messages account", **dates: Any) -> bytes:
    choice = ArchiveChoice(frozenset(map(Part, parts.split())), **dates)
    return archive_bytes(rows(*BODIES), choice=choice)


@pytest.mark.parametrize("parts", ["posts", "posts account", "posts people"])
def test_posts_are_read_whatever_else_was_left_out(parts: str) -> None:
    content = partial(parts)
    assert [post.body for post in posts_of(content)] == BODIES
    with reader(content) as found:
        assert not found.is_partial()
        assert found.extras().profile["about_me"] == "Reads."
        assert found.extras().follows == (["john", "mary"] if "people" in parts else [])


def test_an_archive_whose_posts_were_left_out_has_none_and_the_rest() -> None:
    content = partial("people messages account")
    assert label_of(content) == "Microblog"
    assert entries_of(content) == []
    with reader(content) as found:
        assert found.is_partial()
        assert (found.owner(), found.expected()) == ("@susan@localhost:8000", 0)
        assert found.extras().follows == ["john", "mary"]


@pytest.mark.parametrize("bound", ["since", "until"])
def test_an_archive_of_some_dates_says_that_it_is_partial(bound: str) -> None:
    dates: dict[str, Any] = {bound: AT}
    with reader(partial(**dates)) as found:
        assert found.is_partial()
    with reader(OWN) as found:
        assert not found.is_partial()


@pytest.mark.parametrize("choice", [None, 7, [], {}, {"parts": None}, {"parts": "people"}, {"parts": []}])
def test_posts_are_expected_unless_the_manifest_clearly_leaves_them_out(choice: Any) -> None:
    content = manifest_with(choice=choice)
    assert [post.body for post in posts_of(content)] == BODIES
    files = {name: data for name, data in files_in(content).items() if name != "posts.json"}
    assert "missing" in str(damaged(packed(with_manifest(files, choice=choice))).params)


def test_an_export_without_posts_is_recognised() -> None:
    assert label_of(posts_json()) == "Microblog"
    assert label_of(archive_bytes([])) == "Microblog"
    assert entries_of(posts_json()) == []


@pytest.mark.parametrize(
    "content",
    [
        b'{"posts": [{"title": "of another service"}]}',
        zip_of_files({"manifest.json": {"generator": "Other"}, "data.json": {}}),
        zip_of_files({"manifest.json": b"{", "data.json": {}}),
        zip_of_files({"posts.json": {"images": [{"body": "x"}]}}),
    ],
)
def test_other_files_are_not_recognised(content: bytes) -> None:
    assert label_of(content) != "Microblog"


# The posts


def test_times_keep_their_microseconds_and_become_utc() -> None:
    times = ["2026-01-01T12:00:00.000001Z", "2026-01-01T13:30:00+01:30"]
    posts = posts_of(posts_json(*({"body": "x", "timestamp": time} for time in times)))
    assert [post.written_at for post in posts] == [AT.replace(microsecond=1), AT]


def test_the_order_within_a_moment_is_that_of_the_file() -> None:
    posts = posts_of(OWN)
    assert sorted(posts, key=lambda post: post.order) == posts
    assert len({post.order for post in posts}) == len(posts)


def test_an_id_is_made_of_time_and_text() -> None:
    [post] = posts_of(posts_json({"body": "one", "timestamp": "2026-01-01T13:00:00+01:00"}))
    # printf '2026-01-01T12:00:00Z\none' | sha256sum
    assert post == Found("43c688e96644917e7cda0f5b1024a567", AT, "one", order=1)


def test_the_same_text_of_one_moment_is_another_post_each_time() -> None:
    content = posts_json(*({"body": body, "timestamp": TIME} for body in "abaa"))
    ids = [post.source_id for post in posts_of(content)]
    assert len(set(ids)) == 4
    assert ids[0] == posts_of(posts_json({"body": "a", "timestamp": TIME}))[0].source_id
    assert [post.source_id for post in posts_of(content)] == ids


def test_a_file_of_one_moment_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microblog, "MAX_HELD", 2)
    ids = [post.source_id for post in posts_of(posts_json(*({"body": body, "timestamp": TIME} for body in "abca")))]
    assert ids[3] == ids[0]  # forgotten


def test_each_moment_is_remembered_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microblog, "MAX_HELD", 2)
    records = [{"body": "a", "timestamp": "2025-01-01T12:00:00Z"}, *[{"body": "b", "timestamp": TIME}] * 2]
    assert len({post.source_id for post in posts_of(posts_json(*records))}) == 3


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        7,
        "text",
        {},
        {"body": "x"},
        {"body": None, "timestamp": TIME},
        {"body": ["x"], "timestamp": TIME},
        {"body": "x", "timestamp": 1764000000},
        {"body": "x", "timestamp": "yesterday"},
        {"body": "x", "timestamp": "2026-01-01T12:00:00"},
        {"body": "x", "timestamp": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_damaged_record_does_not_stop_the_others(record: Any) -> None:
    good = {"body": "good", "timestamp": TIME}
    first, skipped, last = entries_of(posts_json(good, record, good))
    assert isinstance(first, Found)
    assert isinstance(last, Found)
    assert isinstance(skipped, Skipped)
    assert skipped.reason == Reason.UNREADABLE
    assert skipped.detail.startswith("post 2: ")
    assert len(skipped.detail) <= 255


def test_a_blank_post_has_no_text() -> None:
    assert entries_of(posts_json({"body": " \n", "timestamp": TIME})) == [Skipped(Reason.NO_TEXT, written_at=AT)]


# The manifest


@pytest.mark.parametrize(
    "change",
    [
        lambda files: {**files, "posts.json": POSTS.replace(b"one", b"two")},
        lambda files: {**with_manifest(files, files=[]), "posts.json": POSTS},
        lambda files: {**with_manifest(files, files=[None, {"name": "posts.json", "sha256": ["x"]}])},
        lambda files: {**with_manifest(files, files="posts.json")},
    ],
    ids=["posts changed", "not listed", "listed oddly", "no list"],
)
def test_posts_that_are_not_those_of_the_manifest_stop_the_import(change: Callable[[Any], dict[str, bytes]]) -> None:
    error = damaged(zip_of_files(change(files_in(OWN))))
    assert (error.code, error.params["name"]) == ("wrong_digest", "posts.json")


def test_changed_posts_are_found_before_the_first_is_yielded() -> None:
    files = files_in(archive_bytes(rows(*["x" * 100] * 20_000)))
    files["posts.json"] = files["posts.json"][:-3] + b" ]}"
    with reader(zip_of_files(files)) as found, pytest.raises(ArchiveError, match="wrong_digest"):
        next(iter(found.entries()))


def test_missing_or_emptied_posts_are_not_replaced_by_another_file_of_the_archive() -> None:
    files = files_in(OWN)
    assert damaged(zip_of_files({**files, "posts.json": b""})).code == "wrong_digest"
    del files["posts.json"]
    assert damaged(zip_of_files(files)).code == "damaged"


def test_a_damaged_manifest_stops_the_import() -> None:
    error = damaged(zip_of_files({**files_in(OWN), "manifest.json": b'{"gen'}))
    assert (error.code, error.params["name"]) == ("not_json", "manifest.json")


def test_the_manifest_of_another_service_is_not_asked() -> None:
    content = zip_of_files({"posts.json": POSTS, "manifest.json": {"generator": "Other", "site": "https://o.example"}})
    with reader(content) as found:
        assert (found.source, found.expected()) == ("Microblog", 0)
    assert len(posts_of(content)) == len(BODIES)


def test_posts_of_another_site_have_a_source_of_their_own(settings: LazySettings) -> None:
    settings.SITE_URL = "https://here.example"
    with reader(OWN) as found:
        assert found.source == f"Microblog ({SITE})"
    with reader(manifest_with(site="https://here.example/")) as found:
        assert found.source == "Microblog"
    with reader(POSTS) as found:
        assert (found.source, found.owner(), found.expected()) == ("Microblog", "", 0)
    with reader(manifest_with(site=f"https://{'a' * 200}.example")) as found:
        assert len(found.source) == 100


ODD: list[Any] = [None, 7, True, [], {}, "", "a\x00b", "x" * 300_000]


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:10])
def test_a_manifest_may_say_anything(value: Any, settings: LazySettings) -> None:
    settings.SITE_URL = SITE
    with reader(manifest_with(site=value, username=value, counts={"posts": value})) as found:
        assert found.source == "Microblog"
        assert found.owner() == "@susan"  # as the profile says
        assert found.expected() in {0, 1, 7}
        assert len(list(found.entries())) == len(BODIES)


@pytest.mark.parametrize("count", [-1, 10**30, 2.5])
def test_an_impossible_count_is_not_believed(count: Any) -> None:
    with reader(manifest_with(counts={"posts": count})) as found:
        assert found.expected() == 0


# What else there is


def test_the_profile_and_the_follows_are_found() -> None:
    with reader(OWN) as found:
        profile = {"about_me": "Reads.", "language": "es", "time_zone": "Europe/Madrid", "theme": ""}
        assert asdict(found.extras()) == {"profile": profile, "follows": ["john", "mary"]}


def test_posts_alone_have_nothing_else() -> None:
    for content in (POSTS, packed({"posts.json": POSTS})):
        with reader(content, "profile.json") as found:
            assert asdict(found.extras()) == {"profile": {}, "follows": []}


@pytest.mark.parametrize("value", [*ODD[:5], "a\x00b", "x" * 300_000], ids=lambda value: repr(value)[:10])
def test_a_profile_and_follows_may_say_anything(value: Any) -> None:
    with reader(changed("profile.json", {"about_me": value, "language": "es"})) as found:
        assert found.extras().profile == {"language": "es"}
    with reader(changed("profile.json", value)) as found:
        assert found.extras().profile == {}
    with reader(changed("follows.json", {"follows": [value, {"username": value}, {"username": "mary"}]})) as found:
        assert found.extras().follows == ["mary"]
    with reader(changed("follows.json", {"follows": value})) as found:
        assert found.extras().follows == []


def test_follows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microblog, "MAX_FOLLOWS", 1)
    with reader(OWN) as found:
        assert found.extras().follows == ["john"]


def test_messages_and_followers_of_the_archive_are_left_alone() -> None:
    # Others wrote and chose them: files that could not even be read change nothing.
    files = {**files_in(OWN), "messages.json": b"\xff", "followers.json": b"\xff"}
    assert [post.body for post in posts_of(packed(with_manifest(files)))] == BODIES
