"""The complete archive: one ZIP with everything that is the member's. What is in it: docs/archive.md."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.utils.safestring import mark_safe

from exports.formats.activity_streams import EMPTY_COLLECTIONS, Activities, actor, empty_collection
from exports.formats.columns import SEPARATOR, PostColumns, join_texts
from exports.formats.messages import Conversation, ListedConversation, Message, add_messages, conversation_piece
from exports.formats.offline_pages import articles, escaped, render_index, render_readme
from exports.formats.page_files import PAGE_SIZE, Pages
from exports.formats.people import write_people
from exports.formats.portable_files import PortableFiles
from exports.formats.posts_json import JsonList, PostsList, Progress
from exports.formats.rows import Batch, Skipped, in_batches, utc_text, write_readable
from exports.formats.zip_file import DigestingFile, OnWrite, ZipWriter, unwatched

SCHEMA_VERSION = 3


@dataclass(frozen=True)
class Source:
    """What goes into an archive: all of one moment."""

    site_url: str
    """Without a slash at its end."""
    member_url: str
    """The absolute address of the member's page."""
    snapshot_at: datetime
    profile: dict[str, Any]
    """JSON types; at least `username`, `about_me` and `joined`."""
    posts: Iterable[Batch]
    """Oldest first, with their ids."""
    follows: Iterable[dict[str, Any]]
    followers: Iterable[dict[str, Any]]
    messages: Iterable[Message]
    """Oldest first, whoever wrote them."""
    conversations: Iterable[Conversation]
    """The same messages, by conversation: the one with the newest message first. The last that are read."""
    expected: Mapping[str, int]
    """How many `posts`, `follows` and `followers` there will be, as the database counts them."""
    on_write: OnWrite = unwatched
    """Told of what is written beside the output."""


def write_archive(
    source: Source, output: DigestingFile, folder: Path, on_progress: Progress = lambda _done: None
) -> tuple[dict[str, int], list[Skipped]]:
    """Write the archive to `output`; return how many records of each sort are in it, and those left out.

    Parts wait, compressed, in files without names in `folder`. `on_progress` is told how many records of any sort are
    behind us. Whatever it raises ends the writing and reaches the caller.
    """
    container = ZipWriter(output, folder, source.snapshot_at.astimezone(UTC), source.on_write)
    steps = Steps(on_progress)
    try:
        skipped: list[Skipped] = []
        posts, pages = _posts(container, source, steps, skipped)
        people = _people(container, source, steps)
        messages, conversations = _messages(container, source, steps, skipped)
        counts = {"posts": posts, **people, "messages": messages, "skipped": len(skipped)}
        _small_files(container, source, skipped)
        _begin(container, source, counts, pages, conversations)
        _manifest(container, source, counts)
        container.close()
    finally:
        container.discard()
    return counts, skipped


class Steps:
    """Counts records of every sort, as they are read."""

    def __init__(self, on_progress: Progress) -> None:
        self._on_progress = on_progress
        self._done = 0
        self._halves = 0

    def add(self, records: int) -> None:
        """Note that so many more are behind us."""
        self._done += records
        self._on_progress(self._done + self._halves // 2)

    def add_half(self, records: int) -> None:
        """Note that half of what so many take is done."""
        self._halves += records
        self.add(0)


def _posts(container: ZipWriter, source: Source, steps: Steps, skipped: list[Skipped]) -> tuple[int, Pages]:
    with closing(PostFiles(container, source)) as files:
        for batch in source.posts:
            write_readable(batch, files.add, skipped)
            files.pages.turn(len(batch))
            steps.add(len(batch))
        files.finish()
        return files.written, files.pages


class PostFiles:
    """The files that hold posts, written side by side from one reading: three lists, and the pages."""

    def __init__(self, container: ZipWriter, source: Source) -> None:
        activities = Activities(actor_url=source.member_url, posts_url=f"{source.site_url}/posts/")
        self._container = container
        self._part = container.part("posts.json")
        self._posts = PostsList(self._part)
        self._others = PortableFiles(container, activities, expected=source.expected["posts"])
        self.pages = _pages(container, source, "pages/", source.expected["posts"], kind="posts")
        self.written = 0

    def add(self, batch: Batch) -> None:
        """Write a batch to each of them. Raises TypeError, and writes nothing, if a text is not valid Unicode."""
        posts = post_columns(batch)
        self._posts.add_posts(batch)  # which notices
        self._others.add(posts)
        self.pages.add(articles(posts))
        self.written += len(batch)

    def finish(self) -> None:
        """End them, and copy the lists into the container, where the pages are already."""
        self._posts.close()
        self.pages.close()
        self._container.add(self._part)
        self._others.finish(self.written)

    def close(self) -> None:
        """Leave no process behind."""
        self._others.discard()


def post_columns(batch: Batch) -> PostColumns:
    """Return the batch with its columns joined."""
    return PostColumns(
        number=len(batch),
        ids=orjson.dumps(list(batch.ids))[1:-1].replace(b",", SEPARATOR.encode()),
        timestamps=SEPARATOR.join(batch.timestamps).encode(),
        bodies=join_texts(batch.bodies),
    )


def _people(container: ZipWriter, source: Source, steps: Steps) -> dict[str, int]:
    counts = {}
    for name, kind, people in (("follows", "following", source.follows), ("followers", "followers", source.followers)):
        part = container.part(f"{name}.json")
        pages = _pages(container, source, f"people/{kind}-", source.expected[name], kind=kind)
        counts[name] = write_people(people, JsonList(name, part), pages, steps.add)
        container.add(part)
    return counts


def _messages(
    container: ZipWriter, source: Source, steps: Steps, skipped: list[Skipped]
) -> tuple[int, list[ListedConversation]]:
    """Read them twice, in the order of time for programs and by conversation for people: each is half of the work."""
    part = container.part("messages.json")
    listing = JsonList("messages", part)
    written = 0
    for batch in in_batches(source.messages):
        written += add_messages(batch, listing, skipped)
        steps.add_half(len(batch))
    listing.close()
    container.add(part)
    conversations = []
    for number, conversation in enumerate(source.conversations, start=1):
        stem = f"messages/{number}-"
        pages = _pages(container, source, stem, conversation.records, kind="messages", partner=conversation.partner)
        for batch in in_batches(conversation.messages):
            pages.add(conversation_piece(batch, source.profile["username"]))
            pages.turn(len(batch))
            steps.add_half(len(batch))
        pages.close()
        newest = f"{stem}{pages.number}.html"
        conversations.append(ListedConversation(conversation.partner, newest, conversation.records))
    return written, conversations


def _pages(container: ZipWriter, source: Source, stem: str, records: int, **context: Any) -> Pages:
    return Pages(stem, records, put=container.add_bytes, username=source.profile["username"], **context)


def _small_files(container: ZipWriter, source: Source, left_out: list[Skipped]) -> None:
    profile = source.profile
    person = actor(
        url=source.member_url,
        username=profile["username"],
        about_me=profile["about_me"],
        joined=profile["joined"],
    )
    skipped = {"skipped": [asdict(record) for record in left_out]}
    files = {"profile.json": profile, "actor.json": person, "skipped.json": skipped}
    for name, content in {**files, **{name: empty_collection(name) for name in EMPTY_COLLECTIONS}}.items():
        container.add_bytes(name, _json(content))


def _begin(
    container: ZipWriter,
    source: Source,
    counts: dict[str, int],
    posts: Pages,
    conversations: list[ListedConversation],
) -> None:
    """Write what a member opens first."""
    context = {
        "profile": source.profile,
        "about_me": mark_safe(escaped(source.profile["about_me"])),  # noqa: S308 - just escaped, to the character
        "counts": counts,
        "snapshot_at": source.snapshot_at,
        "site_url": source.site_url,
        "conversations": conversations,
        "people": {name: -(-counts[name] // PAGE_SIZE) for name in ("follows", "followers")},
    }
    container.add_bytes("index.html", render_index(context, posts))
    container.add_bytes("README.txt", render_readme(context))


def _manifest(container: ZipWriter, source: Source, counts: dict[str, int]) -> None:
    manifest = {
        "$schema": f"{source.site_url}/static/exports/schemas/manifest.json",
        "schema_version": SCHEMA_VERSION,
        "generator": "Microblog",
        "site": source.site_url,
        "username": source.profile["username"],
        "snapshot_at": utc_text(source.snapshot_at),
        "counts": counts,
        "files": [asdict(entry) for entry in container.entries],
    }
    container.add_bytes("manifest.json", _json(manifest))


def _json(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
