"""Bluesky's repositories: which records are posts, and what they say."""

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from imports.archives.archive import ArchiveError, open_archive
from imports.reader import Found, Kind, Skipped, reader_of
from imports.reasons import Reason
from tests.imports.car_files import DID, add_block, add_tree, car_of, packed
from tests.imports.reading import entries_of, label_of, posts_of, skipped_of, zip_of_files

POST = "app.bsky.feed.post"
TID_TIME = datetime(2024, 5, 1, 10, 0, tzinfo=UTC)
LINK = "app.bsky.richtext.facet#link"
BOB = "at://did:plc:bob/app.bsky.feed.post/3kbob"


def tid_of(moment: datetime, clock: int = 0) -> str:
    """Return the key that Bluesky gives a record at that moment."""
    number = int(moment.timestamp() * 1_000_000) << 10 | clock
    return "".join("234567abcdefghijklmnopqrstuvwxyz"[number >> 5 * place & 31] for place in reversed(range(13)))


KEY = f"{POST}/{tid_of(TID_TIME)}"


@pytest.fixture
def _tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the process in another time zone than UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def post_of(text: Any = "Hello", key: str = KEY, **more: Any) -> Found:
    """Return the only post of a repository."""
    [found] = posts_of(car_of({key: {"text": text, "createdAt": "2024-05-01T12:00:00.5+02:00", **more}}))
    return found


def left_out(key: str = KEY, **record: Any) -> Skipped:
    """Return the only entry that is left out."""
    [skipped] = skipped_of(car_of({key: {"text": "Hello", "createdAt": "2024-05-01T10:00:00Z", **record}}))
    return skipped


def facet(start: Any, end: Any, uri: Any, kind: str = LINK) -> dict[str, Any]:
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [{"$type": kind, "uri": uri}]}


def test_a_post_has_its_address_its_time_and_its_place_in_order() -> None:
    key = tid_of(TID_TIME, 7)
    found = post_of(key=f"{POST}/{key}")
    assert found == Found(
        source_id=f"at://{DID}/app.bsky.feed.post/{key}",
        written_at=datetime(2024, 5, 1, 10, 0, 0, 500_000, tzinfo=UTC),
        body="Hello",
        url=f"https://bsky.app/profile/{DID}/post/{key}",
        order=1_714_557_600_000_000 << 10 | 7,
    )


def test_posts_come_in_the_order_of_their_keys() -> None:
    moments = [TID_TIME + timedelta(seconds=number) for number in range(20)]
    texts = {f"{POST}/{tid_of(moment)}": moment.isoformat() for moment in moments}
    found = posts_of(car_of({key: {"text": text, "createdAt": text} for key, text in reversed(texts.items())}))
    assert [post.body for post in found] == list(texts.values())
    assert [post.order for post in found] == sorted(post.order for post in found)


def test_a_repository_is_recognised_alone_and_in_a_zip() -> None:
    content = car_of({})
    assert label_of(content, "anything") == "Bluesky"
    assert label_of(zip_of_files({"folder/ada.car": content, "readme.txt": "hello"})) == "Bluesky"
    assert label_of(zip_of_files({"ada.car": content, "bob.car": content})) is None
    assert label_of(zip_of_files({"ada.car": b"no CAR file"})) is None
    assert label_of(b"no CAR file", "repo.car") is None


def test_posts_in_a_zip_are_found() -> None:
    content = car_of({KEY: {"text": "Hello", "createdAt": "2024-05-01T10:00:00Z"}})
    assert [post.body for post in posts_of(zip_of_files({"repo.car": content}))] == ["Hello"]


def test_the_owner_is_the_did() -> None:
    with open_archive(io.BytesIO(car_of({})), "repo.car") as archive:
        reader = reader_of(archive)
        assert reader is not None
        assert reader.owner() == DID


@pytest.mark.parametrize(
    "commit",
    [None, {"did": DID}, {"did": DID, "data": b"no CID"}, {"did": "ada", "data": b"\x01\x71\x12\x20" + b"1" * 32}],
)
def test_a_car_file_that_is_no_repository_is_refused(commit: Any) -> None:
    blocks: dict[bytes, bytes] = {}
    root = add_block(blocks, commit)
    with pytest.raises(ArchiveError, match="its root is no repository"):
        entries_of(packed(root, blocks), "repo.car")


def test_likes_follows_and_the_profile_are_no_entries() -> None:
    others = ("app.bsky.feed.like", "app.bsky.graph.follow", "app.bsky.feed.threadgate", "app.bsky.actor.profile")
    assert entries_of(car_of({f"{name}/3k": {"text": "Hello"} for name in others})) == []


def test_a_repost_is_left_out() -> None:
    skipped = left_out(f"app.bsky.feed.repost/{tid_of(TID_TIME)}", subject={"uri": BOB})
    assert skipped == Skipped(Reason.BOOST, written_at=TID_TIME)


def test_a_reply_to_ones_own_post_is_a_thread() -> None:
    assert post_of(reply={"parent": {"uri": f"at://{DID}/{POST}/3k"}, "root": {"uri": BOB}}).kind == Kind.THREAD


@pytest.mark.parametrize("reply", [{"parent": {"uri": BOB}}, {"parent": {"uri": f"at://{DID}x/{POST}/3k"}}, {}, 1, []])
def test_a_reply_to_others_or_to_what_is_unknown_is_a_reply(reply: Any) -> None:
    assert post_of(reply=reply).kind == Kind.REPLY


def test_a_shortened_link_becomes_the_whole_address() -> None:
    text = "🐟 see example.org/a/ve... and é.example by @bob #tag"
    begin, other = text.encode().index(b"example"), text.encode().index("é".encode())
    facets = [
        facet(other, other + len("é.example".encode()), "https://xn--9ca.example/"),
        facet(begin, begin + len("example.org/a/ve..."), "https://example.org/a/very/long/path"),
        facet(0, 4, "did:plc:bob", "app.bsky.richtext.facet#mention"),
    ]
    expected = "🐟 see https://example.org/a/very/long/path and https://xn--9ca.example/ by @bob #tag"
    assert post_of(text, facets=facets).body == expected


def test_a_link_at_the_end_of_the_text_is_replaced() -> None:
    assert post_of("é a.example", facets=[facet(3, 12, "https://a.example/b")]).body == "é https://a.example/b"


@pytest.mark.parametrize(
    "hostile",
    [
        facet(0, 99, "https://a.example"),
        facet(-1, 2, "https://a.example"),
        facet(2, 2, "https://a.example"),
        facet(5, 3, "https://a.example"),
        facet(2**63, 2**63 + 1, "https://a.example"),
        facet(1, 3, "https://a.example"),
        facet(0, 1, "https://a.example"),
        facet("0", "2", "https://a.example"),
        facet(0, 2, "javascript:alert(1)"),
        facet(0, 2, "https://a.example/ b"),
        facet(0, 2, None),
        {"index": None, "features": 1},
        {"index": {"byteStart": 0, "byteEnd": 2}, "features": [None, 1, {}]},
        None,
        [],
    ],
)
def test_a_hostile_facet_is_ignored(hostile: Any) -> None:
    text = "é and a.example"
    assert post_of(text, facets=[hostile, facet(7, 16, "https://b.example")]).body == "é and https://b.example"


def test_of_facets_that_overlap_the_first_wins() -> None:
    facets = [facet(2, 5, "https://b.example"), facet(0, 3, "https://a.example"), facet(0, 3, "https://c.example")]
    assert post_of("abcdef", facets=facets).body == "https://a.exampledef"


@pytest.mark.parametrize("facets", [None, {}, 1, "text"])
def test_facets_of_a_wrong_type_are_ignored(facets: Any) -> None:
    assert post_of(facets=facets).body == "Hello"


def test_a_quote_ends_with_the_address_of_the_quoted_post() -> None:
    address = "https://bsky.app/profile/did:plc:bob/post/3kbob"
    assert post_of(embed={"record": {"uri": BOB, "cid": "x"}}).body == f"Hello\n{address}"
    both = {"record": {"record": {"uri": BOB}}, "media": {"images": [{}]}}
    assert post_of(embed=both).body == f"Hello\n{address}"
    assert post_of(embed=both).pictures == 1


@pytest.mark.parametrize("uri", ["at://did:plc:bob/app.bsky.feed.generator/3k", f"{BOB}\nx", "https://a.example", 1])
def test_only_a_post_is_quoted(uri: Any) -> None:
    assert post_of(embed={"record": {"uri": uri}}).body == "Hello"


def test_a_card_adds_its_address_unless_the_text_has_it() -> None:
    card = {"external": {"uri": "https://a.example/b", "title": "B"}}
    assert post_of(embed=card).body == "Hello\nhttps://a.example/b"
    assert (
        post_of("a.example...", facets=[facet(0, 12, "https://a.example/b")], embed=card).body == "https://a.example/b"
    )
    assert post_of("", embed=card).body == "https://a.example/b"
    assert post_of(embed={"external": {"uri": "javascript:alert(1)"}}).body == "Hello"
    whole = {"record": {"record": {"uri": BOB}}, "media": card}
    assert post_of(embed=whole).body == "Hello\nhttps://a.example/b\nhttps://bsky.app/profile/did:plc:bob/post/3kbob"


def test_pictures_and_films_are_counted() -> None:
    assert post_of(embed={"images": [{}, {}]}).pictures == 2
    assert post_of(embed={"video": {}}).pictures == 1
    assert post_of(embed={"images": "many"}).pictures == 0


@pytest.mark.parametrize("embed", [{"images": [{}]}, {"video": {}}, {"record": {"uri": BOB}}, None, 1])
def test_what_has_no_text_is_left_out(embed: Any) -> None:
    skipped = left_out(text=" \n", embed=embed)
    assert skipped == Skipped(Reason.NO_TEXT, post_of().url, TID_TIME)


@pytest.mark.parametrize(
    "claimed",
    [
        "1970-01-01T00:00:00Z",
        "2022-10-31T23:59:59Z",
        "2199-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2024-13-01T00:00:00Z",
        "yesterday",
        None,
        0,
        [],
    ],
)
def test_a_time_that_cannot_be_right_gives_way_to_that_of_the_key(claimed: Any) -> None:
    assert post_of(createdAt=claimed).written_at == TID_TIME
    for key in ("self", "2" * 13, "zzzzzzzzzzzzz", tid_of(timezone.now() + timedelta(days=1))):
        assert left_out(f"{POST}/{key}", createdAt=claimed).reason == Reason.BAD_TIME


def test_a_key_that_is_not_of_the_time_is_as_good_with_a_right_time() -> None:
    found = post_of(key=f"{POST}/first-post")
    assert (found.source_id, found.order) == (f"at://{DID}/app.bsky.feed.post/first-post", 0)


def test_a_key_that_no_number_of_the_database_could_hold_is_not_of_the_time() -> None:
    assert post_of(key=f"{POST}/czzzzzzzzzzzz").order == 0
    assert post_of(key=f"{POST}/bzzzzzzzzzzzz").order == 2**63 - 1


@pytest.mark.usefixtures("_tokyo")
@pytest.mark.parametrize("claimed", ["2024-05-01T10:00:00Z", "2024-05-01T10:00:00.000Z", "2024-05-01T10:00:00"])
def test_times_without_fractions_or_zone_are_read(claimed: str) -> None:
    assert post_of(createdAt=claimed).written_at == TID_TIME


@pytest.mark.parametrize("name", ["", "a/b", 'a"b', "é", "a b", "a" * 256])
def test_a_key_that_is_none_is_unreadable(name: str) -> None:
    assert left_out(f"{POST}/{name}").reason == Reason.UNREADABLE


@pytest.mark.parametrize("record", [None, 1, [], {}, {"text": None}, {"text": b"bytes"}, {"text": ["Hello"]}])
def test_a_record_that_is_damaged_does_not_stop_the_rest(record: Any) -> None:
    later = f"{POST}/{tid_of(TID_TIME + timedelta(seconds=1))}"
    content = car_of({KEY: record, later: {"text": "Later", "createdAt": "2024-05-01T10:00:01Z"}})
    damaged, found = entries_of(content)
    assert damaged == Skipped(Reason.UNREADABLE, post_of().url, TID_TIME, "it has no text")
    assert isinstance(found, Found)


def test_a_block_that_is_missing_or_changed_does_not_stop_the_rest() -> None:
    blocks: dict[bytes, bytes] = {}
    records = [add_block(blocks, {"text": text, "createdAt": "2024-05-01T10:00:00Z"}) for text in ("one", "two", "six")]
    values = [(f"{POST}/{name}".encode(), cid) for name, cid in zip("abc", records, strict=True)]
    root = add_block(blocks, {"did": DID, "data": add_tree(blocks, values)})
    del blocks[records[0]]
    content = packed(root, blocks).replace(b"ctwo", b"cTwo")
    missing, changed, found = entries_of(content)
    assert isinstance(missing, Skipped)
    assert isinstance(changed, Skipped)
    assert isinstance(found, Found)
    assert (missing.reason, missing.detail) == (Reason.UNREADABLE, "no block")
    assert changed.reason == Reason.UNREADABLE
    assert "wrong SHA-256" in changed.detail
