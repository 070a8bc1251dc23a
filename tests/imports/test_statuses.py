import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imports.archives.archive import open_archive
from imports.reader import Found, Kind, Reader, Skipped, reader_of
from imports.reasons import Reason
from tests.imports.reading import entries_of, label_of, posts_of, zip_of_files

NAME = "m.example.user.ada.json"
ADA = {"id": 1157, "acct": "ada", "url": "https://m.example/@ada", "statuses_count": 4}
MOMENT = datetime(2022, 4, 1, tzinfo=UTC)


def status(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "uri": f"https://m.example/users/ada/statuses/{number}",
        "url": f"https://m.example/@ada/{number}",
        "account": ADA,
        "created_at": "2022-04-01T00:00:00+00:00",
        "visibility": "public",
        "reblog": None,
        "content": "<p>words</p>",
        **more,
    }


def saved(*statuses: Any) -> bytes:
    return json.dumps({"account": ADA, "statuses": statuses, "favourites": [status(99)]}, indent=2).encode()


def reader_for(content: bytes) -> Reader:
    with open_archive(io.BytesIO(content), NAME) as archive:
        reader = reader_of(archive)
    assert reader
    return reader


def read(*statuses: Any) -> list[Any]:
    return [*entries_of(saved(*statuses), NAME)]


def entry_of(**more: Any) -> Any:
    (entry,) = read(status(**more))
    return entry


def test_posts_have_the_ids_that_mastodons_archive_gives_them() -> None:
    reader = reader_for(saved(status(7)))
    assert (reader.source, reader.owner()) == ("Mastodon", "@ada@m.example")
    assert list(reader.entries()) == [
        Found("https://m.example/users/ada/statuses/7", MOMENT, "words", "https://m.example/@ada/7", order=7)
    ]


@pytest.mark.parametrize("visibility", ["private", "direct", "list", "local", None, ["public"], {}])
def test_of_what_is_not_public_nothing_is_kept_but_where_and_when(visibility: Any) -> None:
    entry = entry_of(visibility=visibility, content="SECRET")
    assert entry == Skipped(Reason.PRIVATE, "https://m.example/@ada/1", MOMENT)


def test_a_post_without_a_visibility_is_private() -> None:
    hidden = status()
    del hidden["visibility"]
    assert read(hidden)[0].reason == Reason.PRIVATE


def test_a_boost_is_left_out() -> None:
    assert entry_of(reblog=status(5) | {"url": "https://o.example/@bob/5"}) == Skipped(
        Reason.BOOST, "https://o.example/@bob/5", MOMENT
    )


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"visibility": "unlisted"}, Kind.UNLISTED),
        ({"in_reply_to_id": 5, "in_reply_to_account_id": 1157}, Kind.THREAD),
        ({"in_reply_to_id": "5", "in_reply_to_account_id": "1157"}, Kind.THREAD),
        ({"in_reply_to_id": 5, "in_reply_to_account_id": 2}, Kind.REPLY),
        ({"in_reply_to_id": 5}, Kind.REPLY),
        ({"in_reply_to_id": 5, "account": {}}, Kind.REPLY),
        ({"in_reply_to_id": 5, "in_reply_to_account_id": 2, "visibility": "unlisted"}, Kind.REPLY),
    ],
)
def test_the_kind_is_told_by_visibility_and_reply(more: dict[str, Any], kind: Kind) -> None:
    entry = entry_of(**more)
    assert (entry.kind, entry.is_unlisted) == (kind, "visibility" in more)


def test_warnings_mentions_polls_and_pictures_are_read() -> None:
    entry = entry_of(
        spoiler_text="tea",
        content='<p><a href="https://o.example/@bob" class="u-url mention">@bob</a> and '
        '<a href="https://m.example/@cy" class="u-url mention">@cy</a>?</p>',
        mentions=[
            {"url": "https://o.example/@bob", "acct": "bob@o.example"},
            {"url": "https://m.example/@cy", "acct": "cy"},
        ],
        poll={"options": [{"title": "yes"}, {"title": None}, {"title": "no"}]},
        media_attachments=[{"type": "image"}],
    )
    assert entry.body == "tea\n\n@bob@o.example and @cy@m.example?\n\n- yes\n- no"
    assert entry.pictures == 1


def test_pictures_without_text_are_left_out() -> None:
    assert entry_of(content="", media_attachments=[{"type": "image"}]).reason == Reason.NO_TEXT


@pytest.mark.parametrize("damaged", [None, "x", [], status(uri=None), status(content={}), status(uri=3)])
def test_a_damaged_status_does_not_stop_the_rest(damaged: Any) -> None:
    entry, after = read(damaged, status(2))
    assert (entry.reason, entry.detail[:8]) == (Reason.UNREADABLE, "entry 1:")
    assert after.order == 2


STRANGE: list[Any] = [
    None,
    True,
    0,
    1.5,
    "",
    "x",
    "\x00",
    [],
    [[]],
    [None, 1, "x", {}],
    {},
    {"options": [{"title": []}]},
    [{"url": 1, "acct": "x"}],
]


@pytest.mark.parametrize(
    "field",
    [*status(), "in_reply_to_id", "in_reply_to_account_id", "mentions", "poll", "media_attachments", "spoiler_text"],
)
def test_no_value_of_any_type_stops_the_rest(field: str) -> None:
    assert len(read(*(status() | {field: value} for value in STRANGE))) == len(STRANGE)


def test_an_owner_who_is_not_told_is_unknown() -> None:
    for content in (
        saved(),
        saved(None),
        saved(status(account=None)),
        saved(status(account={"acct": "ada"})),
        b'{"account": "statuses": no JSON',
    ):
        assert reader_for(content).owner() == ""


def test_the_file_is_recognised_by_its_content() -> None:
    assert label_of(saved(), "any name") == "mastodon-archive"
    assert label_of(b'{"account":{}}', NAME) is None
    assert label_of(b'["account","statuses"]', NAME) is None
    assert label_of(zip_of_files({"other.json": saved()})) is None


def test_the_favourites_are_not_theirs() -> None:
    assert posts_of(saved(), NAME) == []
