"""The complete archive: one ZIP with everything that is the member's. What is in it: docs/archive.md."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.utils.safestring import mark_safe

from exports.writer.activity_streams import EMPTY_COLLECTIONS, Activities, actor, empty_collection
from exports.writer.digests import DigestingFile, OnWrite, unwatched
from exports.writer.interchange import InterchangeFiles
from exports.writer.messages import Message, MessageFiles
from exports.writer.offline_pages import Page, Pages, articles, days_of, escaped, render_index
from exports.writer.posts_json import JsonList, PostsList, Progress, write_list
from exports.writer.rows import Batch, Skipped, in_batches, utc_text, write_readable
from exports.writer.weaving import SEPARATOR, JoinedPosts, joined
from exports.writer.zip_file import SealedZip

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
    """Oldest first, whoever wrote them; the last that are read."""
    expected: Mapping[str, int]
    """How many `posts` there will be, as the database counts them. Some may turn out to be unreadable."""
    on_write: OnWrite = unwatched
    """Told of what is written beside the output."""


def write_archive(
    source: Source, output: DigestingFile, folder: Path, on_progress: Progress = lambda _done: None
) -> tuple[dict[str, int], list[Skipped]]:
    """Write the archive to `output`; return how many records of each sort are in it, and those left out.

    Parts wait, compressed, in files without names in `folder`. `on_progress` is told how many records of any sort are
    behind us. Whatever it raises ends the writing and reaches the caller.
    """
    container = SealedZip(output, folder, source.snapshot_at.astimezone(UTC), source.on_write)
    steps = Steps(on_progress)
    try:
        posts = _posts(container, source, steps)
        people = _people(container, source, steps)
        messages = _messages(container, source, steps)
        skipped = posts.skipped + messages.skipped
        counts = {"posts": posts.written, **people, "messages": messages.written, "skipped": len(skipped)}
        _small_files(container, source, skipped)
        _index(container, source, counts, posts.pages, messages.pages)
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

    def add(self, records: int) -> None:
        """Note that so many more are behind us."""
        self._done += records
        self._on_progress(self._done)


@dataclass(frozen=True)
class Written:
    """What was written of the posts, or of the messages."""

    written: int
    skipped: list[Skipped]
    pages: list[Page]


def _posts(container: SealedZip, source: Source, steps: Steps) -> Written:
    skipped: list[Skipped] = []
    with closing(PostFiles(container, source)) as files:
        for batch in source.posts:
            write_readable(batch, files.add, skipped)
            steps.add(len(batch))
        return Written(files.written, skipped, files.finish())


class PostFiles:
    """The files that hold posts, written side by side from one reading: three lists, and the pages."""

    def __init__(self, container: SealedZip, source: Source) -> None:
        activities = Activities(actor_url=source.member_url, posts_url=f"{source.site_url}/posts/")
        self._container = container
        self._part = container.part("posts.json")
        self._posts = PostsList(self._part)
        self._others = InterchangeFiles(container, activities, expected=source.expected["posts"])
        self._pages = Pages("pages", username=source.profile["username"], put=container.add_bytes)
        self.written = 0

    def add(self, batch: Batch) -> None:
        """Write a batch to each of them. Raises TypeError, and writes nothing, if a text is not valid Unicode."""
        posts = joined_posts(batch)
        self._posts.add_posts(batch)  # which notices
        self._others.add(posts)
        self._pages.add(articles(posts), days_of(posts), posts.number)
        self.written += len(batch)

    def finish(self) -> list[Page]:
        """End them, and copy the lists into the container, where the pages are already; return the pages."""
        self._posts.close()
        self._pages.close()
        self._container.add(self._part)
        self._others.finish(self.written)
        return self._pages.listed

    def close(self) -> None:
        """Leave no process behind."""
        self._others.discard()


def joined_posts(batch: Batch) -> JoinedPosts:
    """Return the batch with its columns joined."""
    return JoinedPosts(
        number=len(batch),
        ids=orjson.dumps(list(batch.ids))[1:-1].replace(b",", SEPARATOR.encode()),
        timestamps=SEPARATOR.join(batch.timestamps).encode(),
        bodies=joined(batch.bodies),
    )


def _people(container: SealedZip, source: Source, steps: Steps) -> dict[str, int]:
    counts = {}
    for name, people in (("follows", source.follows), ("followers", source.followers)):
        part = container.part(f"{name}.json")
        counts[name] = write_list(name, people, part, steps.add)
        container.add(part)
    return counts


def _messages(container: SealedZip, source: Source, steps: Steps) -> Written:
    part = container.part("messages.json")
    pages = Pages("messages", username=source.profile["username"], put=container.add_bytes)
    skipped: list[Skipped] = []
    files = MessageFiles(JsonList("messages", part), pages, skipped)
    for batch in in_batches(source.messages):
        files.add(batch)
        steps.add(len(batch))
    files.close()
    container.add(part)
    return Written(files.written, skipped, pages.listed)


def _small_files(container: SealedZip, source: Source, left_out: list[Skipped]) -> None:
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


def _index(
    container: SealedZip, source: Source, counts: dict[str, int], pages: list[Page], message_pages: list[Page]
) -> None:
    context = {
        "profile": source.profile,
        "about_me": mark_safe(escaped(source.profile["about_me"])),  # noqa: S308 - just escaped, to the character
        "counts": counts,
        "snapshot_at": source.snapshot_at,
        "site_url": source.site_url,
    }
    container.add_bytes("index.html", render_index(context, pages, message_pages))


def _manifest(container: SealedZip, source: Source, counts: dict[str, int]) -> None:
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
