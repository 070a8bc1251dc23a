import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from imports.archives.archive import ArchiveError, open_archive
from imports.reader import Found, Kind, Reader, Skipped, reader_of
from imports.reasons import Reason
from tests.imports.reading import entries_of, label_of, posts_of, tar_gz_of_files, zip_of_files

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ADA = "https://m.example/users/ada"
FOLLOWERS = f"{ADA}/followers"
SECOND = datetime(2022, 3, 27, 1, 59, 59, tzinfo=UTC)
LONG_CONTEXT = {f"term{number}": f"https://m.example/ns#term{number}" for number in range(200)}
CONTENT_103 = (
    '<p>Hi <span class="h-card"><a href="https://o.example/@bob" class="u-url mention">@<span>bob</span></a></span>, '
    'see <a href="https://example.org/a/very/long/path"><span class="invisible">https://</span>'
    '<span class="ellipsis">example.org/a/very</span><span class="invisible">/long/path</span></a> &amp; '
    '<a href="https://m.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a></p>'
    "<p>two<br>lines &lt;3</p>"
)
TAGS_103 = [
    {"type": "Mention", "href": "https://o.example/@bob", "name": "@bob@o.example"},
    {"type": "Hashtag", "href": "https://m.example/tags/x", "name": "#x"},
]


def create(
    number: int = 1, *, published: Any = "2022-04-01T00:00:00Z", to: Any = (PUBLIC,), cc: Any = (), **note: Any
) -> dict[str, Any]:
    address = f"{ADA}/statuses/{number}"
    addressed = {"to": to, "cc": cc}
    content = {"id": address, "type": "Note", "published": published, "content": "<p>words</p>", **addressed, **note}
    return {
        "id": f"{address}/activity",
        "type": "Create",
        "actor": ADA,
        "published": published,
        **addressed,
        "object": content,
    }


def outbox(*items: Any) -> dict[str, Any]:
    head = {"@context": [LONG_CONTEXT], "id": "outbox.json", "type": "OrderedCollection", "totalItems": len(items)}
    return {**head, "orderedItems": list(items)}


def read(*items: Any) -> list[Any]:
    return [*entries_of(zip_of_files({"outbox.json": outbox(*items)}))]


def entry_of(item: Any) -> Any:
    (entry,) = read(item)
    return entry


def reader_for(content: bytes, name: str = "archive.zip") -> Reader:
    with open_archive(io.BytesIO(content), name) as archive:
        reader = reader_of(archive)
    assert reader
    return reader


BOOST = {
    "type": "Announce",
    "published": "2022-04-04T00:00:00Z",
    "to": [PUBLIC],
    "object": "https://o.example/users/bob/statuses/9",
}
POLL = [{"type": "Note", "name": "yes", "replies": {"totalItems": 3}}, {"type": "Note", "name": "no"}]
CAT = {
    "type": "Document",
    "mediaType": "image/jpeg",
    "url": "/media_attachments/files/1/original/a.jpg",
    "name": "a cat",
}
ITEMS: list[Any] = [
    create(
        103,
        published="2022-03-27T01:59:59Z",
        cc=[FOLLOWERS],
        url="https://m.example/@ada/103",
        content=CONTENT_103,
        tag=TAGS_103,
    ),
    create(102, published="2022-03-27T01:59:59Z", to="as:Public", cc=None, content="<p>same second, lower id</p>"),
    create(104, to=[FOLLOWERS], cc=[PUBLIC], content="<p>unlisted</p>"),
    create(105, to=[FOLLOWERS], content="<p>followers only</p>"),
    create(106, to=["https://o.example/users/bob"], content="<p>SECRET direct message</p>"),
    BOOST,
    create(108, type="Question", content="<p>Tea?</p>", oneOf=POLL),
    create(109, summary="cw: food", content="", attachment=[CAT]),
    {"id": f"{ADA}/statuses/110/activity", "type": "Like", "object": "https://o.example/x"},
]
ARCHIVE = outbox(*ITEMS)


def test_every_entry_of_an_archive_is_accounted_for() -> None:
    first, second, unlisted, *skipped, poll, picture, like = read(*ITEMS)
    assert first == Found(
        source_id=f"{ADA}/statuses/103",
        written_at=SECOND,
        body="Hi @bob@o.example, see https://example.org/a/very/long/path & #x\n\ntwo\nlines <3",
        url="https://m.example/@ada/103",
        order=103,
    )
    assert second == Found(f"{ADA}/statuses/102", SECOND, "same second, lower id", f"{ADA}/statuses/102", order=102)
    assert (unlisted.kind, unlisted.body) == (Kind.UNLISTED, "unlisted")
    assert [entry.reason for entry in skipped] == [Reason.PRIVATE, Reason.PRIVATE, Reason.BOOST]
    assert (poll.kind, poll.body) == (Kind.PUBLIC, "Tea?\n\n- yes\n- no")
    assert picture == Skipped(Reason.NO_TEXT, f"{ADA}/statuses/109", datetime(2022, 4, 1, tzinfo=UTC))
    assert like == Skipped(Reason.OTHER, "https://o.example/x")


def test_of_a_private_post_nothing_is_kept_but_where_and_when() -> None:
    moment = datetime(2022, 4, 1, tzinfo=UTC)
    assert entry_of(
        create(106, to=["https://o.example/users/bob"], content="<p>SECRET</p>", summary="SECRET")
    ) == Skipped(Reason.PRIVATE, f"{ADA}/statuses/106", moment)


@pytest.mark.parametrize(
    "audience",
    [
        {"to": [FOLLOWERS], "cc": []},
        {"to": FOLLOWERS, "cc": None},
        {"to": [], "cc": []},
        {"to": [PUBLIC], "directMessage": True},
        {"to": ["https://m.example/#Public"], "cc": [None, 1, {"id": 2}]},
        {"to": {"id": "https://o.example/users/bob"}},
    ],
)
def test_what_is_not_public_is_private(audience: dict[str, Any]) -> None:
    assert entry_of(create(**audience)).reason == Reason.PRIVATE


def test_an_activity_that_is_direct_is_private() -> None:
    assert entry_of(create() | {"directMessage": True}).reason == Reason.PRIVATE


@pytest.mark.parametrize("to", [PUBLIC, "as:Public", "Public", ["x", "as:Public"], {"id": PUBLIC}, [{"id": PUBLIC}]])
def test_public_is_written_in_several_ways(to: Any) -> None:
    assert entry_of(create(to=to)).kind == Kind.PUBLIC


def test_addresses_of_the_activity_count_when_the_object_has_none() -> None:
    activity = create(to=[FOLLOWERS])
    del activity["object"]["to"], activity["object"]["cc"]
    assert entry_of(activity).reason == Reason.PRIVATE
    assert entry_of(activity | {"to": [PUBLIC]}).kind == Kind.PUBLIC


def test_the_addresses_of_the_object_win() -> None:
    assert entry_of(create(to=[FOLLOWERS]) | {"to": [PUBLIC]}).reason == Reason.PRIVATE


@pytest.mark.parametrize(
    ("replied", "audience", "kind"),
    [
        ("https://o.example/users/bob/statuses/1", {}, Kind.REPLY),
        (f"{ADA}/statuses/1", {}, Kind.THREAD),
        ("https://m.example/users/adalbert/statuses/1", {}, Kind.REPLY),
        ({"id": f"{ADA}/statuses/1"}, {}, Kind.THREAD),
        ("https://o.example/users/bob/statuses/1", {"to": [FOLLOWERS], "cc": [PUBLIC]}, Kind.REPLY),
        (f"{ADA}/statuses/1", {"to": [FOLLOWERS], "cc": [PUBLIC]}, Kind.UNLISTED),
    ],
)
def test_a_reply_is_of_a_thread_if_it_answers_one_of_their_own(
    replied: Any, audience: dict[str, Any], kind: Kind
) -> None:
    entry = entry_of(create(2, inReplyTo=replied, **audience))
    assert (entry.kind, entry.is_unlisted) == (kind, bool(audience))


def test_a_reply_is_also_known_by_its_atom_address_and_its_author() -> None:
    assert entry_of(create(2, inReplyToAtomUri="https://o.example/1")).kind == Kind.REPLY
    activity = create(2, inReplyTo=f"{ADA}/statuses/1", attributedTo=ADA)
    del activity["actor"]
    assert entry_of(activity).kind == Kind.THREAD


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        ([ADA, PUBLIC], Kind.THREAD),
        ([ADA, PUBLIC, "https://o.example/users/bob"], Kind.THREAD),
        (["https://m.example/users/bob", PUBLIC], Kind.REPLY),
    ],
)
def test_a_thread_of_pleroma_is_known_by_whom_it_is_addressed_to(to: list[str], kind: Kind) -> None:
    """Its ids, such as `https://m.example/objects/…`, do not say whose they are."""
    activity = create(2, inReplyTo="https://m.example/objects/7f1a", attributedTo=ADA, to=to)
    assert entry_of(activity).kind == kind
    activity["object"]["inReplyTo"] = None
    assert entry_of(activity).kind == Kind.PUBLIC


def test_a_boost_is_left_out() -> None:
    assert entry_of(BOOST) == Skipped(
        Reason.BOOST, "https://o.example/users/bob/statuses/9", datetime(2022, 4, 4, tzinfo=UTC)
    )
    assert entry_of(BOOST | {"object": create()["object"]}).reason == Reason.BOOST


@pytest.mark.parametrize(
    "item",
    [
        create() | {"type": "Update"},
        create() | {"type": ["Create"]},
        create() | {"object": "https://m.example/1"},
        create(type="Tombstone"),
        create(type=["Note"]),
        "https://m.example/1",
        {},
    ],
)
def test_what_is_no_post_is_left_out(item: Any) -> None:
    assert entry_of(item).reason == Reason.OTHER


def test_a_content_warning_stands_before_the_text() -> None:
    assert entry_of(create(summary=" food ", content="<p>soup</p>", attachment=CAT)).body == "food\n\nsoup"
    assert entry_of(create(summary=["food"])).body == "words"


def test_pictures_are_counted() -> None:
    assert entry_of(create(attachment=[CAT, CAT, "a link", None])).pictures == 2
    assert entry_of(create(attachment=CAT)).pictures == 1


def test_a_poll_needs_no_text() -> None:
    assert entry_of(create(type="Question", content=None, anyOf=POLL)).body == "- yes\n- no"
    assert entry_of(create(type="Question", content="<p></p>", anyOf={"name": 3})).reason == Reason.NO_TEXT


def test_a_post_without_a_time_has_its_activitys() -> None:
    activity = create(published="2022-03-27T01:59:59Z")
    del activity["object"]["published"]
    assert entry_of(activity).written_at == SECOND


@pytest.mark.parametrize(
    "published", ["2022-03-27T03:59:59+02:00", "2022-03-27T01:59:59", "2022-03-27T01:59:59.000Z", "2022-03-27 01:59:59"]
)
def test_times_are_in_utc(published: Any) -> None:
    assert entry_of(create(published=published)).written_at == SECOND


@pytest.mark.parametrize(
    "published", [None, "", "yesterday", 1648346399, ["2022"], {}, "0001-01-01T00:00:00+14:00", "x" * 9999]
)
def test_a_time_that_is_none_is_told(published: Any) -> None:
    assert entry_of(create(published=published)) == Skipped(Reason.BAD_TIME, f"{ADA}/statuses/1")


def test_an_edited_post_has_its_first_time_and_its_last_text() -> None:
    entry = entry_of(create(published="2022-03-27T01:59:59Z", updated="2023-01-01T00:00:00Z", content="<p>last</p>"))
    assert (entry.written_at, entry.body) == (SECOND, "last")


@pytest.mark.parametrize(
    ("address", "source_id", "url"),
    [
        ("https://m.example/@ada/1", f"{ADA}/1", "https://m.example/@ada/1"),
        (None, f"{ADA}/1", f"{ADA}/1"),
        ("javascript:alert(1)", f"{ADA}/1", f"{ADA}/1"),
        (["https://m.example/@ada/1"], f"{ADA}/1", f"{ADA}/1"),
        ("https://m.example/" + "x" * 500, f"{ADA}/1", f"{ADA}/1"),
        ("https://m.example/\x00", f"{ADA}/1", f"{ADA}/1"),
        (None, "tag:m.example,2016:objectId=1", ""),
    ],
)
def test_the_link_is_one_that_a_browser_may_open(address: Any, source_id: str, url: str) -> None:
    entry = entry_of(create(url=address, id=source_id))
    assert (entry.source_id, entry.url) == (source_id, url)


@pytest.mark.parametrize(
    ("source_id", "order"),
    [
        (f"{ADA}/statuses/109215002346601852", 109215002346601852),
        ("https://p.example/objects/9aa-77f", 0),
        ("https://p.example/notice/AbC", 0),
    ],
)
def test_posts_of_one_moment_are_ordered_by_the_number_in_the_id(source_id: str, order: int) -> None:
    assert entry_of(create(id=source_id)).order == order


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        7,
        [create()],
        create() | {"object": None},
        create() | {"object": [create()]},
        create(id=None),
        create(id=""),
        create(id=["x"]),
        create(id="x" * 256),
        create(id="https://m.example/\x00"),
        create(content=["<p>x</p>"]),
        create(content=7),
        create(content=f"&#{'1' * 5000};"),
    ],
)
def test_a_damaged_entry_is_told_and_does_not_stop_the_rest(damaged: Any) -> None:
    before, entry, after = read(create(1), damaged, create(3))
    assert isinstance(entry, Skipped)
    assert entry.reason == Reason.UNREADABLE
    assert entry.detail.startswith("entry 2: ")
    assert (before.order, after.order) == (1, 3)


FIELDS = [
    "id", "type", "actor", "published", "to", "cc", "object", "directMessage",
    *(f"object.{name}" for name in (
        "id", "type", "summary", "inReplyTo", "inReplyToAtomUri", "published", "url", "attributedTo", "to", "cc",
        "content", "attachment", "tag", "oneOf", "anyOf", "directMessage",
    )),
]  # fmt: skip
STRANGE: list[Any] = [
    None,
    True,
    0,
    -1.5,
    "",
    "x",
    "\x00",
    "\ud800",
    [],
    [[]],
    [None, 1, "x", {}],
    {},
    {"id": []},
    {"type": "Mention"},
]
ODD: list[Any] = [None, 1, [], "", "@", "x@"]
MENTIONS = [[{"type": "Mention", "href": href, "name": name}] for href in ODD for name in ODD]


@pytest.mark.parametrize("field", FIELDS)
def test_no_value_of_any_type_stops_the_rest(field: str) -> None:
    def with_value(value: Any) -> dict[str, Any]:
        activity = create(1)
        place = activity["object"] if "." in field else activity
        place[field.rpartition(".")[2]] = value
        return activity

    items = [with_value(value) for value in chain(STRANGE, MENTIONS, [{"name": [value]} for value in STRANGE])]
    assert len(read(*items)) == len(items)


@pytest.mark.parametrize("pack", [zip_of_files, tar_gz_of_files])
def test_an_outbox_is_found_in_any_folder_of_any_package(pack: Callable[[dict[str, Any]], bytes]) -> None:
    content = pack(
        {"__MACOSX/outbox.json": b"junk", "archive-2024/outbox.json": ARCHIVE, "archive-2024/likes.json": {}}
    )
    assert label_of(content) == "Mastodon"
    assert len(posts_of(content)) == 4


def test_an_outbox_by_itself_is_recognised_by_its_content() -> None:
    content = json.dumps(ARCHIVE).encode()
    assert label_of(content, "download.txt") == "Mastodon"
    assert len(posts_of(content, "download.txt")) == 4


@pytest.mark.parametrize(
    "content", [b'{"@context":[],"items":[]}', b"[]", b'no JSON, but "orderedItems"', b'\x89PNG "orderedItems"']
)
def test_another_file_is_not_taken_for_an_outbox(content: bytes) -> None:
    assert label_of(content, "outbox.json") != "Mastodon"
    assert label_of(zip_of_files({"outbox.json": content})) != "Mastodon"


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_no_harm(mark: str) -> None:
    content = json.dumps(ARCHIVE).encode(mark)
    assert len(posts_of(content, "outbox.json")) == 4
    assert reader_for(content, "outbox.json").expected() == 9


def test_a_damaged_file_is_told() -> None:
    with pytest.raises(ArchiveError):
        entries_of(json.dumps(ARCHIVE).encode()[:-500], "outbox.json")


def test_the_total_is_read_from_before_the_list() -> None:
    assert reader_for(zip_of_files({"outbox.json": ARCHIVE})).expected() == 9
    items = outbox(create(replies={"totalItems": 7}))
    del items["totalItems"]
    assert reader_for(zip_of_files({"outbox.json": items})).expected() == 0


@pytest.mark.parametrize(
    ("actor", "owner"),
    [
        ({"id": "https://m.example/ap/users/1157", "preferredUsername": "ada"}, "@ada@m.example"),
        ({"id": 1, "url": "https://m.example/@ada", "preferredUsername": "ada"}, "@ada@m.example"),
        ({"id": ADA, "preferredUsername": ["ada"]}, "@cy@n.example"),
        ({"id": ADA, "preferredUsername": "a\x00da"}, "@cy@n.example"),
        ({"preferredUsername": "ada"}, "@cy@n.example"),
        (["no object"], "@cy@n.example"),
        (b"no JSON", "@cy@n.example"),
    ],
)
def test_the_owner_is_the_profiles_or_else_the_first_activitys(actor: Any, owner: str) -> None:
    items = outbox(create() | {"actor": "https://n.example/users/cy"})
    assert reader_for(zip_of_files({"outbox.json": items, "actor.json": actor})).owner() == owner


@pytest.mark.parametrize(
    ("actor", "address", "source"),
    [
        ("https://m.example/users/ada", f"{ADA}/statuses/103", "Mastodon"),
        ("https://m.example/ap/users/1157", "https://m.example/ap/users/1157/statuses/103", "Mastodon"),
        ("https://Akkoma.example/users/cy", "https://akkoma.example/objects/6d2a", "akkoma.example"),
        ("http://localhost:3000/users/cy", "http://localhost:3000/users/cy/statuses/01KB2Q", "localhost:3000"),
        ("https://me:password@m.example/users/cy", "https://m.example/posts/1", "Mastodon"),
        (f"https://{'a' * 91}/users/cy", "https://m.example/posts/1", "Mastodon"),
        ("https://m.example<script>/users/cy", "https://m.example/posts/1", "Mastodon"),
        (3, "https://m.example/posts/1", "Mastodon"),
    ],
)
def test_the_source_is_mastodon_or_the_server_of_other_software(actor: Any, address: str, source: str) -> None:
    items = outbox(create(id=address) | {"id": f"{address}/activity", "actor": actor})
    assert reader_for(zip_of_files({"outbox.json": items, "actor.json": {"id": ADA}})).source == source
    assert reader_for(json.dumps(items).encode(), "outbox.json").source == source


@pytest.mark.parametrize("actor", ["https://m.example/ap/users/1157", "https://m.example/", 3])
def test_an_owner_without_a_name_is_unknown(actor: Any) -> None:
    assert reader_for(zip_of_files({"outbox.json": outbox(create() | {"actor": actor})})).owner() == ""
