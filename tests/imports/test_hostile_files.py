"""Whatever is uploaded ends in entries that can be stored, or in a refusal that says why: nothing else."""

import copy
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from imports.problems import PROBLEMS, ImportRefusedError, problem_text
from imports.reader import Entry, Found
from imports.services.reading import batches_of, opened_file
from tests.exports.zip_files import archive_bytes, files_in, packed, repacked, rows
from tests.imports.car_files import DID, car_of
from tests.imports.reading import tar_gz_of_files, zip_of_files
from tests.imports.test_activitypub import ARCHIVE as OUTBOX
from tests.imports.test_misskey import NOTE
from tests.imports.test_x import ACCOUNT, DELETED, NOTES, TWEETS

pytestmark = pytest.mark.processes  # no database is used

fuzzed = examples(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

ACTOR = {
    "type": "Person",
    "id": "https://m.example/users/ada",
    "preferredUsername": "ada",
    "url": "https://m.example/@ada",
}
MASTODON = {"actor.json": ACTOR, "outbox.json": OUTBOX}
X = {
    "data/account.js": ACCOUNT,
    "data/tweets.js": TWEETS,
    "data/note-tweet.js": NOTES,
    "data/deleted-tweets.js": DELETED,
}
RECORD: dict[str, Any] = {
    "$type": "app.bsky.feed.post",
    "text": "Hello, this is a link",
    "createdAt": "2024-05-01T10:00:00.5Z",
    "langs": ["en"],
    "facets": [
        {
            "index": {"byteStart": 7, "byteEnd": 11},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.org/"}],
        }
    ],
    "reply": {"root": {"uri": f"at://{DID}/app.bsky.feed.post/3krlfe6nyrs22"}, "parent": {"uri": "at://b/c/d"}},
    "embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "a cat"}]},
}
OWN = archive_bytes(rows("one", "two", "three"), about_me="Reads.")
POSTS = files_in(OWN)["posts.json"]
PROFILE = json.loads(files_in(OWN)["profile.json"])


def car(record: Any) -> bytes:
    return car_of({f"app.bsky.feed.post/3krlfe6nyrs2{digit}": record for digit in "2345"})


ARCHIVES = {
    "mastodon.zip": zip_of_files(MASTODON),
    "mastodon.tar.gz": tar_gz_of_files(MASTODON),
    "outbox.json": json.dumps(OUTBOX).encode(),
    "x.zip": zip_of_files(X),
    "bluesky.car": car(RECORD),
    "bluesky.zip": zip_of_files({"repo.car": car(RECORD)}),
    "misskey.json": json.dumps([NOTE, {**NOTE, "id": "9s6xh7k1a5"}]).encode(),
    "misskey.zip": zip_of_files({"notes-1.json": [NOTE]}),
    "posts.json": POSTS,
    "posts.json.zip": packed({"posts.json": POSTS}),
    "complete.zip": OWN,
}


def read(content: bytes, name: str) -> list[Entry] | str:
    """Do with a file all that an import does; return its entries, or the code of the refusal."""
    try:
        with opened_file(io.BytesIO(content), name) as reader:
            extras = reader.extras()
            texts = [reader.source, reader.owner(), *extras.follows]
            assert 0 < len(reader.source) <= 100
            assert isinstance(reader.expected(), int)
            assert isinstance(reader.is_partial(), bool)
            assert_storable(*texts, json.dumps(extras.profile, ensure_ascii=False))
            entries = [entry for batch in batches_of(reader) for entry in batch]
    except ImportRefusedError as refusal:
        failure = refusal.failure
        assert failure.code in PROBLEMS
        assert problem_text(failure.code, dict(failure.params))
        assert_storable(json.dumps(dict(failure.params), ensure_ascii=False))
        return str(failure.code)
    for entry in entries:
        assert_can_be_kept(entry)
    return entries


def assert_can_be_kept(entry: Entry) -> None:
    assert entry.url == "" or (entry.url.startswith(("http://", "https://")) and len(entry.url) <= 500)
    assert entry.written_at is None or isinstance(entry.written_at, datetime)
    if isinstance(entry, Found):
        assert 0 < len(entry.source_id) <= 255
        assert_storable(entry.body, entry.source_id, entry.url)
    else:
        assert_storable(entry.url, entry.detail[:255])


def assert_storable(*texts: str) -> None:
    """Every database takes these."""
    for text in texts:
        text.encode()
        assert "\0" not in text


@pytest.mark.parametrize("name", ARCHIVES)
def test_each_archive_that_is_damaged_below_is_sound(name: str) -> None:
    entries = read(ARCHIVES[name], name)
    assert any(isinstance(entry, Found) for entry in entries)


BEGINNINGS = (b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x1f\x8b\x08", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"[{")


@fuzzed
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=2000))
@example(b"", b"[" * 100_000)
@example(b"", b'{"orderedItems": ' + b"[" * 100_000)
def test_random_bytes(beginning: bytes, content: bytes) -> None:
    read(beginning + content, "archive")


@pytest.mark.parametrize("name", ARCHIVES)
@fuzzed
@given(st.data())
def test_a_file_that_is_cut_off(name: str, data: st.DataObject) -> None:
    content = ARCHIVES[name]
    begin = data.draw(st.just(0) | st.integers(0, len(content)))
    read(content[begin : data.draw(st.integers(begin, len(content) - 1 if begin == 0 else len(content)))], name)


def flipped(content: bytes, data: st.DataObject) -> bytes:
    """Return the bytes with a few of them changed."""
    changed = bytearray(content)
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8)):
        changed[place] = byte
    return bytes(changed)


@pytest.mark.parametrize("name", ARCHIVES)
@fuzzed
@given(st.data())
def test_changed_bytes(name: str, data: st.DataObject) -> None:
    read(flipped(ARCHIVES[name], data), name)


@pytest.mark.parametrize(
    "name", ["mastodon.zip", "x.zip", "bluesky.zip", "misskey.zip", "posts.json.zip", "complete.zip"]
)
@fuzzed
@given(st.data())
def test_changed_bytes_in_a_sound_zip(name: str, data: st.DataObject) -> None:
    """Behind the checksums of the ZIP."""
    files = files_in(ARCHIVES[name])
    inner = data.draw(st.sampled_from([name for name, content in files.items() if content]))
    read(zip_of_files({**files, inner: flipped(files[inner], data)}), name)


Place = tuple[Any, ...]
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    1.5,
    "",
    "a\0b",
    "x" * 10_000,
    [None],
    {"": []},
    "http://[",
    "9999-12-31T23:59:59-14:00",
]
HOSTILE_JSON = [*HOSTILE, 10**400, float("nan"), float("-inf"), "\ud800"]  # DAG-CBOR has none of these


def places_of(value: Any) -> list[Place]:
    """Return the ways to all values inside, the one to itself first."""
    if isinstance(value, dict):
        inside = list(value.items())
    else:
        inside = list(enumerate(value)) if isinstance(value, list) else []
    return [(), *((key, *rest) for key, child in inside for rest in places_of(child))]


def replaced(document: Any, place: Place, value: Any) -> Any:
    """Return a copy of the document with another value at a place."""
    if not place:
        return value
    changed = copy.deepcopy(document)
    parent = changed
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    return changed


def script(document: Any) -> bytes:
    return zip_of_files({**X, "data/tweets.js": "window.YTD.tweets.part0 = " + json.dumps(document)})


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


DOCUMENTS: dict[str, tuple[Any, Callable[[Any], bytes]]] = {
    "outbox.json": ({**OUTBOX, "@context": ["of 200 terms"]}, encoded),
    "mastodon.zip": (ACTOR, lambda actor: zip_of_files({**MASTODON, "actor.json": encoded(actor)})),
    "x.zip": (json.loads(TWEETS.partition("=")[2]), script),
    "bluesky.car": (RECORD, car),
    "misskey.json": ([NOTE], encoded),
    "posts.json": (json.loads(POSTS), encoded),
    "complete.zip": (
        json.loads(files_in(OWN)["profile.json"]),
        lambda value: repacked(OWN, profile_json=encoded(value)),
    ),
}
"""What an archive says, and how it is written."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_value_of_any_kind_at_any_place(name: str) -> None:
    document, write = DOCUMENTS[name]
    hostile = HOSTILE if name == "bluesky.car" else HOSTILE_JSON
    for place in places_of(document):
        for value in hostile:
            try:
                read(write(replaced(document, place, value)), name)
            except Exception as error:
                error.add_note(f"{str(value)[:40]!r} at {place}")
                raise
