"""Misskey's notes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imports.reader import Entry, Found, Kind, Skipped
from imports.readers import misskey
from imports.reasons import Reason
from tests.imports.reading import entries_of, label_of, posts_of, zip_of_files

TIME = datetime(2024, 5, 1, 10, 0, 0, 123_000, tzinfo=UTC)
NOTE: dict[str, Any] = {
    "id": "9s6xh7k1a4",
    "text": "Hello $[tada MFM]",
    "createdAt": "2024-05-01T10:00:00.123Z",
    "fileIds": [],
    "files": [],
    "replyId": None,
    "renoteId": None,
    "poll": None,
    "cw": None,
    "visibility": "public",
    "visibleUserIds": [],
    "localOnly": False,
    "reactionAcceptance": None,
}


def entry_of(**changed: Any) -> Entry:
    """Return the only entry of an export of one note."""
    [entry] = entries_of(json.dumps([{**NOTE, **changed}]).encode(), "notes.json")
    return entry


def post_of(**changed: Any) -> Found:
    entry = entry_of(**changed)
    assert isinstance(entry, Found)
    return entry


def test_a_note_keeps_its_text_as_it_is() -> None:
    assert post_of() == Found("9s6xh7k1a4", TIME, "Hello $[tada MFM]", order=1)


def test_notes_are_recognised_alone_and_in_a_zip() -> None:
    content = json.dumps([NOTE])
    assert label_of(content.encode(), "anything") == "Misskey"
    assert label_of(b"\xef\xbb\xbf" + json.dumps([NOTE], indent=1).encode(), "notes.json") == "Misskey"
    assert label_of(zip_of_files({"export/notes-2024-05-01.json": content})) == "Misskey"


@pytest.mark.parametrize(
    "content",
    [
        [],
        NOTE,
        [json.dumps(NOTE)],
        [{"id": 1, "createdAt": 1, "visibility": 1}],
        [{key: value for key, value in NOTE.items() if key != "visibility"}],
    ],
)
def test_other_lists_are_not_taken_for_notes(content: Any) -> None:
    assert label_of(json.dumps(content).encode(), "notes.json") != "Misskey"
    assert label_of(zip_of_files({"notes-1.json": content})) != "Misskey"


def test_all_files_of_a_zip_are_read_in_order() -> None:
    files = {f"notes-{number}.json": [{**NOTE, "id": f"id{number}"}] for number in (2, 1)}
    found = posts_of(zip_of_files({**files, "notes-3.json": {"other": 1}}))
    assert [(post.source_id, post.order) for post in found] == [("id1", 1), ("id2", 2)]


def test_visibility_home_is_unlisted() -> None:
    assert post_of(visibility="home").kind == Kind.UNLISTED
    reply = post_of(visibility="home", replyId="x")
    assert (reply.kind, reply.is_unlisted) == (Kind.REPLY, True)
    assert not post_of(visibility="public", replyId="x").is_unlisted


@pytest.mark.parametrize("visibility", ["followers", "specified", "", "Public", "new"])
def test_every_other_visibility_is_private_and_nothing_of_it_is_kept(visibility: str) -> None:
    assert entry_of(visibility=visibility, replyId="x", cw="cw") == Skipped(Reason.PRIVATE, written_at=TIME)


def test_a_renote_is_left_out() -> None:
    assert entry_of(text=None, renoteId="9bob") == Skipped(Reason.BOOST, written_at=TIME)


def test_a_quote_is_kept() -> None:
    assert post_of(renoteId="9bob").body == NOTE["text"]


def test_a_reply_is_a_reply() -> None:
    assert post_of(replyId="9bob", visibility="home").kind == Kind.REPLY


def test_a_reply_to_one_of_their_latest_notes_is_of_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(misskey, "MAX_RECENT", 2)
    replies = {"1": None, "2": "1", "3": "2", "4": "1", "5": ["4"]}
    notes = [{**NOTE, "id": own, "replyId": replied} for own, replied in replies.items()]
    kinds = [Kind.PUBLIC, Kind.THREAD, Kind.THREAD, Kind.REPLY, Kind.REPLY]
    assert [post.kind for post in posts_of(json.dumps(notes).encode(), "notes.json")] == kinds


def test_a_private_reply_or_renote_is_private() -> None:
    assert entry_of(visibility="followers", text=None, renoteId="9bob") == Skipped(Reason.PRIVATE, written_at=TIME)


def test_a_warning_comes_before_the_text() -> None:
    assert post_of(cw="food", text="cake").body == "food\n\ncake"
    assert post_of(cw="", text="cake").body == "cake"


def test_a_poll_follows_the_text() -> None:
    poll = {"multiple": False, "choices": ["yes", {"text": "no", "votes": 3}, None, 1, {}]}
    assert post_of(text="Tea?", poll=poll).body == "Tea?\n- yes\n- no"
    assert post_of(text=None, poll=poll).body == "- yes\n- no"


@pytest.mark.parametrize("poll", [1, "text", [], {}, {"choices": 1}, {"choices": {"a": 1}}])
def test_a_damaged_poll_is_ignored(poll: Any) -> None:
    assert post_of(poll=poll).body == NOTE["text"]


def test_pictures_are_counted() -> None:
    assert post_of(fileIds=["a", "b"]).pictures == 2
    assert post_of(fileIds=None, files=[{}]).pictures == 1
    assert post_of(fileIds="many", files=None).pictures == 0


def test_a_note_without_text_is_left_out() -> None:
    assert entry_of(text=None, fileIds=["a"], cw="cat") == Skipped(Reason.NO_TEXT, written_at=TIME)
    assert entry_of(text=" \n") == Skipped(Reason.NO_TEXT, written_at=TIME)


@pytest.mark.parametrize(
    "time",
    [
        None,
        0,
        "",
        "yesterday",
        "2024-02-30T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2199-01-01T00:00:00Z",
    ],
)
def test_a_time_that_cannot_be_right_leaves_a_note_out(time: Any) -> None:
    assert entry_of(createdAt=time) == Skipped(Reason.BAD_TIME)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": 1},
        {"id": ""},
        {"id": "a" * 65},
        {"id": "a\0"},
        {"text": 1},
        {"text": []},
        {"visibility": None},
        {"visibility": ["public"]},
    ],
)
def test_a_damaged_note_is_unreadable(changed: dict[str, Any]) -> None:
    skipped = entry_of(**changed)
    assert isinstance(skipped, Skipped)
    assert (skipped.reason, skipped.detail) == (Reason.UNREADABLE, "note 1 has no id, text or visibility")


def test_a_damaged_note_does_not_stop_the_rest() -> None:
    entries = entries_of(json.dumps([NOTE, None, 1, [], {}, NOTE]).encode(), "notes.json")
    assert [isinstance(entry, Found) for entry in entries] == [True, False, False, False, False, True]
