"""The complete archive: one ZIP with all of a member's data, as docs/archive.md describes it."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.utils.safestring import mark_safe

from accounts.member_data import Part
from exports.choice import ArchiveChoice
from exports.formats.account_page import ShownTable, render_account
from exports.formats.activity_streams import EMPTY_COLLECTIONS, Activities, actor, empty_collection
from exports.formats.columns import SEPARATOR, PostColumns, join_texts
from exports.formats.file_groups import file_groups
from exports.formats.messages import Conversation, ListedConversation, Message, add_messages, conversation_piece
from exports.formats.not_exported import NOT_EXPORTED
from exports.formats.offline_pages import articles, escaped, person_item, render_index, render_readme
from exports.formats.page_files import PAGE_SIZE, Pages, Piece
from exports.formats.portable_files import PortableFiles
from exports.formats.posts_json import JsonList, PostsList, Progress
from exports.formats.record_lists import RecordList
from exports.formats.rows import Batch, Skipped, in_batches, utc_text, write_readable
from exports.formats.zip_file import DigestingFile, OnWrite, ZipWriter, unwatched

SCHEMA_VERSION = 4


@dataclass(frozen=True)
class Source:
    """What goes into an archive, all from one snapshot."""

    site_url: str
    """Without a slash at its end."""
    member_url: str
    """The absolute address of the member's page."""
    snapshot_at: datetime
    choice: ArchiveChoice
    """Of what follows only the chosen parts are read; the posts are those of the chosen dates."""
    profile: dict[str, Any]
    """JSON types; at least `username`, `about_me` and `joined`."""
    lists: Iterable[RecordList]
    """What else the apps hold about the member, of the chosen parts."""
    posts: Iterable[Batch]
    """Oldest first, with their ids."""
    follows: Iterable[dict[str, Any]]
    followers: Iterable[dict[str, Any]]
    messages: Iterable[Message]
    """Oldest first, whoever wrote them."""
    conversations: Iterable[Conversation]
    """The same messages by conversation, the one with the newest message first. They are read last."""
    expected: Mapping[str, int]
    """How many `posts`, `follows` and `followers` there will be, as the database counts them."""
    on_write: OnWrite = unwatched
    """Takes the bytes written beside the output."""


def write_archive(
    source: Source, output: DigestingFile, folder: Path, on_progress: Progress = lambda _done: None
) -> tuple[dict[str, int], list[Skipped]]:
    """Write the archive to `output`; return how many records of each sort are in it, and those left out.

    Files that are not finished yet are kept compressed in `folder`, as temporary files without names. `on_progress`
    takes the number of records read so far, of all sorts. Whatever it raises ends the writing and reaches the caller.
    """
    container = ZipWriter(output, folder, source.snapshot_at.astimezone(UTC), source.on_write)
    try:
        return ArchiveWriter(source, container, on_progress).write()
    finally:
        container.discard()


class ArchiveWriter:
    """Writes the files of one archive, one sort of records after another."""

    def __init__(self, source: Source, container: ZipWriter, on_progress: Progress) -> None:
        self._source = source
        self._container = container
        self._on_progress = on_progress
        self._half_records = 0
        self._counts: dict[str, int] = {}
        self._skipped: list[Skipped] = []
        self._tables: list[ShownTable] = []

    def write(self) -> tuple[dict[str, int], list[Skipped]]:
        """Write everything; return how many records of each sort were written, and those left out."""
        parts = self._source.choice.parts
        posts = self._write_posts() if Part.POSTS in parts else None
        if Part.PEOPLE in parts:
            self._write_people("follows", "following", self._source.follows)
            self._write_people("followers", "followers", self._source.followers)
        for records in self._source.lists:
            self._write_list(records)
        conversations = self._write_messages() if Part.MESSAGES in parts else []
        self._counts["skipped"] = len(self._skipped)
        self._write_documents()
        self._write_index(posts, conversations)
        self._write_manifest()
        self._container.close()
        return self._counts, self._skipped

    def _advance(self, records: int, halves: int = 2) -> None:
        """Note that so many more records were read, or half of what they take."""
        self._half_records += halves * records
        self._on_progress(self._half_records // 2)

    def _write_posts(self) -> Pages:
        with closing(PostFiles(self._container, self._source)) as files:
            for batch in self._source.posts:
                write_readable(batch, files.add, self._skipped)
                files.pages.turn(len(batch))
                self._advance(len(batch))
            files.finish()
            self._counts["posts"] = files.written
            return files.pages

    def _write_people(self, name: str, kind: str, people: Iterable[dict[str, Any]]) -> None:
        part = self._container.part(f"{name}.json")
        listing = JsonList(name, part)
        pages = new_pages(self._container, self._source, f"people/{kind}-", self._source.expected[name], kind=kind)
        self._counts[name] = 0
        for batch in in_batches(people):
            listing.add(batch)
            pages.add(Piece("".join(map(person_item, reversed(batch))).encode()))
            pages.turn(len(batch))
            self._counts[name] += len(batch)
            self._advance(len(batch))
        listing.close()
        pages.close()
        self._container.add(part)

    def _write_list(self, records: RecordList) -> None:
        part = self._container.part(records.file)
        listing = JsonList(records.name, part)
        table = ShownTable(records.file, records.table) if records.table else None
        self._counts[records.name] = 0
        for batch in in_batches(records.records):
            listing.add(batch)
            if table:
                table.add(batch)
            self._counts[records.name] += len(batch)
            self._advance(0)
        listing.close()
        self._container.add(part)
        if table:
            self._tables.append(table)

    def _write_messages(self) -> list[ListedConversation]:
        """Read them twice, by time for programs and by conversation for people: each takes half of the work."""
        part = self._container.part("messages.json")
        listing = JsonList("messages", part)
        self._counts["messages"] = 0
        for batch in in_batches(self._source.messages):
            self._counts["messages"] += add_messages(batch, listing, self._skipped)
            self._advance(len(batch), halves=1)
        listing.close()
        self._container.add(part)
        return [self._write_conversation(*numbered) for numbered in enumerate(self._source.conversations, start=1)]

    def _write_conversation(self, number: int, conversation: Conversation) -> ListedConversation:
        partner, records = conversation.partner, conversation.records
        stem = f"messages/{number}-"
        pages = new_pages(self._container, self._source, stem, records, kind="messages", partner=partner)
        for batch in in_batches(conversation.messages):
            pages.add(conversation_piece(batch, self._source.profile["username"]))
            pages.turn(len(batch))
            self._advance(len(batch), halves=1)
        pages.close()
        return ListedConversation(partner, f"{stem}{pages.number}.html", records)

    def _write_documents(self) -> None:
        profile = self._source.profile
        person = {name: profile[name] for name in ("username", "about_me", "joined")}
        self._add_json("profile.json", profile)
        self._add_json("skipped.json", {"skipped": [asdict(record) for record in self._skipped]})
        if Part.POSTS in self._source.choice.parts:
            self._add_json("actor.json", actor(url=self._source.member_url, **person))
            for name in EMPTY_COLLECTIONS:
                self._add_json(name, empty_collection(name))

    def _write_index(self, posts: Pages | None, conversations: list[ListedConversation]) -> None:
        """Write the files that a member opens first."""
        context = {
            "profile": self._source.profile,
            "about_me": mark_safe(escaped(self._source.profile["about_me"])),  # noqa: S308 - just escaped
            "counts": self._counts,
            "snapshot_at": self._source.snapshot_at,
            "site_url": self._source.site_url,
            "conversations": conversations,
            "people": {name: -(-self._counts.get(name, 0) // PAGE_SIZE) for name in ("follows", "followers")},
            "choice": self._source.choice,
            "files": file_groups(self._source.choice.parts),
            "not_exported": NOT_EXPORTED,
        }
        self._container.add_bytes("index.html", render_index(context, posts))
        if Part.ACCOUNT in self._source.choice.parts:
            self._container.add_bytes("account.html", render_account(context, self._tables))
        self._container.add_bytes("README.txt", render_readme(context))

    def _write_manifest(self) -> None:
        manifest = {
            "$schema": f"{self._source.site_url}/static/exports/schemas/manifest.json",
            "schema_version": SCHEMA_VERSION,
            "generator": "Microblog",
            "site": self._source.site_url,
            "username": self._source.profile["username"],
            "snapshot_at": utc_text(self._source.snapshot_at),
            "choice": manifest_choice(self._source.choice),
            "counts": self._counts,
            "files": self._container.entries,
        }
        self._add_json("manifest.json", manifest)

    def _add_json(self, name: str, content: dict[str, Any]) -> None:
        data = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        self._container.add_bytes(name, data)


def new_pages(container: ZipWriter, source: Source, stem: str, records: int, **context: Any) -> Pages:
    """Return the pages, still without records, whose names begin with `stem`; they are added to the container."""
    more = {"username": source.profile["username"], "choice": source.choice, **context}
    return Pages(stem, records, put=container.add_bytes, **more)


def manifest_choice(choice: ArchiveChoice) -> dict[str, Any]:
    """Return what was chosen, as the manifest says it."""
    since, until = (moment and utc_text(moment) for moment in (choice.since, choice.until))
    return {"parts": choice.parts_in_order, "since": since, "until": until}


class PostFiles:
    """The files that hold posts, written side by side while the posts are read once: three lists, and the pages."""

    def __init__(self, container: ZipWriter, source: Source) -> None:
        activities = Activities(actor_url=source.member_url, posts_url=f"{source.site_url}/posts/")
        self._container = container
        self._part = container.part("posts.json")
        self._posts = PostsList(self._part)
        self._others = PortableFiles(container, activities, expected=source.expected["posts"])
        self.pages = new_pages(container, source, "pages/", source.expected["posts"], kind="posts")
        self.written = 0

    def add(self, batch: Batch) -> None:
        """Write a batch to each file. Raises TypeError, and writes nothing, if a text is not valid Unicode."""
        posts = post_columns(batch)
        self._posts.add_posts(batch)  # which raises it
        self._others.add(posts)
        self.pages.add(articles(posts))
        self.written += len(batch)

    def finish(self) -> None:
        """Finish the files, and copy the lists into the container; the pages are there already."""
        self._posts.close()
        self.pages.close()
        self._container.add(self._part)
        self._others.finish(self.written)

    def close(self) -> None:
        """End the child process."""
        self._others.discard()


def post_columns(batch: Batch) -> PostColumns:
    """Return the batch with its columns joined."""
    return PostColumns(
        number=len(batch),
        ids=orjson.dumps(list(batch.ids))[1:-1].replace(b",", SEPARATOR.encode()),
        timestamps=SEPARATOR.join(batch.timestamps).encode(),
        bodies=join_texts(batch.bodies),
    )
