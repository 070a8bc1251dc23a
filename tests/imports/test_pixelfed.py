import json
from datetime import UTC, datetime
from typing import Any

from imports.reader import Found, Kind
from imports.reasons import Reason
from tests.imports.reading import entries_of, label_of, zip_of_files

NAME = "pixelfed-statuses.json"
ADDRESS = "https://p.example/p/ada/412"
CONTENT = (
    "A cat<br />\n"
    '<a href="https://p.example/discover/tags/cat?src=hash" title="#cat" class="u-url hashtag">#cat</a> by '
    '<a class="u-url mention" href="https://p.example/bob" rel="external nofollow noopener" target="_blank">@bob</a>'
)


def status(**more: Any) -> dict[str, Any]:
    return {
        "_v": 1,
        "id": "412",
        "shortcode": "Gx1",
        "uri": ADDRESS,
        "url": ADDRESS,
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "reblog": None,
        "content": CONTENT,
        "content_text": "A cat\n#cat by @bob",
        "created_at": "2022-04-01T00:00:00.000Z",
        "spoiler_text": "",
        "visibility": "public",
        "mentions": [],
        "media_attachments": [{"id": "1", "type": "image", "url": "https://p.example/storage/m/1.jpg"}],
        "account": {"id": "9", "acct": "ada", "url": "https://p.example/ada"},
        "place": {"name": "Bern"},
        **more,
    }


def entries(*statuses: Any) -> list[Any]:
    return entries_of(json.dumps(statuses, indent=4).encode(), NAME)


def test_a_caption_is_a_post() -> None:
    assert entries(status()) == [
        Found(
            source_id=ADDRESS,
            written_at=datetime(2022, 4, 1, tzinfo=UTC),
            body="A cat\n#cat by @bob@p.example",
            url=ADDRESS,
            order=412,
            pictures=1,
        )
    ]


def test_every_status_is_accounted_for() -> None:
    found = entries(
        status(visibility="unlisted"),
        status(in_reply_to_id="3", in_reply_to_account_id="9"),
        status(in_reply_to_id="3", in_reply_to_account_id="8"),
    )
    assert [entry.kind for entry in found] == [Kind.UNLISTED, Kind.THREAD, Kind.REPLY]
    skipped = entries(
        status(content=""), status(visibility="private"), status(visibility="archived"), status(reblog=status()), 3
    )
    assert [entry.reason for entry in skipped] == [
        Reason.NO_TEXT, Reason.PRIVATE, Reason.PRIVATE, Reason.BOOST, Reason.UNREADABLE,
    ]  # fmt: skip


def test_the_file_is_recognised_by_its_content_and_in_an_archive_by_its_name() -> None:
    content = json.dumps([status()]).encode()
    assert label_of(content, "download") == "Pixelfed"
    assert label_of(zip_of_files({f"export/{NAME}": content})) == "Pixelfed"
    assert label_of(zip_of_files({"notes.json": content})) is None
    assert label_of(b'[{"content":"x","visibility":"public","created_at":""}]', NAME) is None
    assert label_of(b'{"_v":1,"content":"x","visibility":"public","created_at":""}', NAME) is None
