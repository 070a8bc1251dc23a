"""Private messages in the complete archive: the member's own, both sides, as they were written."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from exports.building.member_data import messages_records
from exports.models import Archive
from exports.verification import verify_archive
from inbox.models import Message
from tasks.services.launch import task_launch
from tests.exports.zip_files import archive_bytes, files_in, rows
from tests.members import FIRST, make_member

Export = Callable[[User], Archive]
TEXTS = ["plain", '},{"from":"john"', "</p></article><article id=m9>", "two\nlines\r\n🦔\x7f\x01", "\ufeff\u2028"]


@pytest.fixture
def export(work: Callable[[], None]) -> Export:
    def make(user: User) -> Archive:
        task = task_launch(user=user, name="export_archive")
        work()
        return Archive.objects.get(task=task)

    return make


def write(*messages: tuple[User, User, str]) -> None:
    """Write the messages, a minute after one another."""
    Message.objects.bulk_create(
        Message(sender=sender, recipient=recipient, body=body, timestamp=FIRST + timedelta(minutes=minute))
        for minute, (sender, recipient, body) in enumerate(messages)
    )


def contents(archive: Archive) -> dict[str, bytes]:
    with archive.file.open("rb") as file:
        return files_in(file.read())


def messages_in(archive: Archive) -> Any:
    return json.loads(contents(archive)["messages.json"])["messages"]


def test_it_has_the_members_messages_oldest_first_and_no_others(
    susan: User, john: User, export: Export, signed_in: Client
) -> None:
    mary = make_member("mary")
    write((susan, john, "one"), (john, mary, "not susan's"), (mary, susan, "two"), (susan, john, "three"))
    archive = export(susan)
    assert messages_in(archive)[:2] == [
        {"from": "susan", "to": "john", "timestamp": "2026-01-01T12:00:00Z", "body": "one"},
        {"from": "mary", "to": "susan", "timestamp": "2026-01-01T12:02:00Z", "body": "two"},
    ]
    assert [message["body"] for message in messages_in(archive)] == ["one", "two", "three"]
    assert archive.item_counts["messages"] == verify_archive(Path(archive.file.path)).counts["messages"] == 3
    index = contents(archive)["index.html"].decode()
    assert index.index('href="messages/1-1.html">john') < index.index('href="messages/2-1.html">mary')
    john_page, mary_page = (contents(archive)[f"messages/{number}-1.html"].decode() for number in (1, 2))
    assert john_page.index('susan</p><p dir="auto">three') < john_page.index('susan</p><p dir="auto">one')
    assert 'mary</p><p dir="auto">two' in mary_page
    assert ">two<" not in john_page
    assert "3 messages" in contents(archive)["index.html"].decode()
    assert not any("not susan" in data.decode() for name, data in contents(archive).items() if "mess" in name)
    assert "Messages: 3." in signed_in.get("/exports/").content.decode()


def test_any_text_comes_back_to_the_character_and_opens_no_markup(susan: User, john: User, export: Export) -> None:
    write(*((john, susan, text) for text in TEXTS))
    archive = export(susan)
    assert [message["body"] for message in messages_in(archive)] == TEXTS
    assert contents(archive)["messages/1-1.html"].count(b"<article") == len(TEXTS)
    assert verify_archive(Path(archive.file.path)).counts["messages"] == len(TEXTS)


@pytest.mark.skipif(os.environ.get("TEST_DATABASE") == "postgresql", reason="PostgreSQL takes no such text")
def test_an_unexportable_message_is_skipped_and_reported(susan: User, john: User, export: Export) -> None:
    write((susan, john, "one"), (john, susan, "bad"), (susan, john, "bad time"), (john, susan, "two"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbox_message SET body = CAST(x'ff00' AS TEXT) WHERE body = 'bad'")
        cursor.execute("UPDATE inbox_message SET timestamp = '2026-02-30 12:00:00' WHERE body = 'bad time'")
    archive = export(susan)
    assert sorted(message["body"] for message in messages_in(archive)) == ["one", "two"]
    skipped = json.loads(contents(archive)["skipped.json"])["skipped"]
    assert {(record["record"], record["reason"]) for record in skipped} == {
        ("message", "The text is not valid Unicode."),
        ("message", "The time is not a valid date and time."),
    }
    assert verify_archive(Path(archive.file.path)).counts["skipped"] == 2
    assert "2 records could not be exported." in contents(archive)["index.html"].decode()


def test_many_messages_are_streamed_and_split_over_pages_that_lead_to_each_other(susan: User, john: User) -> None:
    write(*((john, susan, f"text {number}") for number in range(2100)))
    files = files_in(archive_bytes(rows("one"), messages_records(susan)))
    pages = [files[f"messages/1-{number}.html"].decode() for number in (1, 2, 3)]
    assert [page.count("<article") for page in pages] == [1000, 1000, 100]
    assert 'href="1-2.html"' in pages[0]
    assert "Page 2 of 3" in pages[1]
    assert "messages/1-4.html" not in files


def test_without_messages_there_is_an_empty_list_and_no_page(susan: User, export: Export) -> None:
    archive = export(susan)
    assert messages_in(archive) == []
    assert not [name for name in contents(archive) if name.startswith("messages/")]
    assert "There are no messages in this archive." in contents(archive)["index.html"].decode()
