"""The complete archive: one ZIP with everything that is the member's. What is in it: docs/archive.md."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import orjson

from exports.writer.activity_streams import OUTBOX_HEAD, OUTBOX_ITEMS, Activities, actor
from exports.writer.digests import DigestingFile
from exports.writer.offline_pages import ASSETS, Page, Pages, escaped, render_index
from exports.writer.posts_json import JsonList, Progress, posts_records, write_list
from exports.writer.rows import Batch, Skipped, readable_posts, utc_text
from exports.writer.spreadsheet import HEADER, spreadsheet_rows
from exports.writer.weaving import SEPARATOR, joined, split
from exports.writer.zip_file import SealedZip

SCHEMA_VERSION = 1


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


def write_archive(
    source: Source, output: DigestingFile, folder: Path, on_progress: Progress = lambda _done: None
) -> tuple[dict[str, int], list[Skipped]]:
    """Write the archive to `output`; return how many records of each sort are in it, and the posts left out.

    Parts wait, compressed, in files without names in `folder`. Whatever `on_progress` raises ends the writing
    and reaches the caller.
    """
    container = SealedZip(output, folder, source.snapshot_at.astimezone(UTC))
    try:
        posts = _posts(container, source, on_progress)
        counts = {"posts": posts.written, **_people(container, source), "skipped": len(posts.skipped)}
        _small_files(container, source, counts, posts)
        _manifest(container, source, counts)
        container.close()
    finally:
        container.discard()
    return counts, posts.skipped


@dataclass(frozen=True)
class Posts:
    """What was written of the posts."""

    written: int
    skipped: list[Skipped]
    pages: list[Page]


def _posts(container: SealedZip, source: Source, on_progress: Progress) -> Posts:
    skipped: list[Skipped] = []
    done = 0
    files = PostFiles(container, source)
    for batch in source.posts:
        if readable := readable_posts(batch, skipped):
            files.add(readable)
        done += len(batch)
        on_progress(done)
    return Posts(files.written, skipped, files.close())


class PostFiles:
    """The files that hold posts, written side by side from one reading: three lists, and the pages."""

    def __init__(self, container: SealedZip, source: Source) -> None:
        self._posts_url = f"{source.site_url}/posts/"
        self._activities = Activities(actor_url=source.member_url, posts_url=self._posts_url)
        self._container = container
        self._parts = [container.part(name) for name in ("posts.json", "posts.csv", "outbox.json")]
        posts, self._spreadsheet, outbox = self._parts
        self._posts = JsonList("posts", posts)
        self._spreadsheet.write(HEADER)
        self._outbox = JsonList(OUTBOX_ITEMS, outbox, head=OUTBOX_HEAD)
        self._pages = Pages(username=source.profile["username"], put=container.add_bytes)
        self.written = 0

    def add(self, batch: Batch) -> None:
        """Write a batch to each of them."""
        timestamps = split(SEPARATOR.join(batch.timestamps))
        columns = {"ids": orjson.dumps(list(batch.ids))[1:-1].split(b","), "timestamps": timestamps}
        html = escaped(joined(batch.bodies))
        self._posts.add(posts_records(batch))
        self._spreadsheet.write(spreadsheet_rows(timestamps=timestamps, bodies=batch.bodies))
        self._outbox.add_encoded(self._activities.encoded(escaped=html, **columns))
        self._pages.add(escaped=html, **columns)
        self.written += len(batch)

    def close(self) -> list[Page]:
        """End them, and copy the lists into the container, where the pages are already; return the pages."""
        self._posts.close()
        self._outbox.close(totalItems=self.written)
        self._pages.close()
        for part in self._parts:
            self._container.add(part)
        return self._pages.listed


def _people(container: SealedZip, source: Source) -> dict[str, int]:
    counts = {}
    for name, people in (("follows", source.follows), ("followers", source.followers)):
        part = container.part(f"{name}.json")
        counts[name] = write_list(name, people, part)
        container.add(part)
    return counts


def _small_files(container: SealedZip, source: Source, counts: dict[str, int], posts: Posts) -> None:
    profile = source.profile
    person = actor(
        url=source.member_url,
        username=profile["username"],
        about_me=escape(profile["about_me"]),
        joined=profile["joined"],
    )
    skipped = {"skipped": [{"record": "post", **asdict(record)} for record in posts.skipped]}
    for name, content in (("profile.json", profile), ("actor.json", person), ("skipped.json", skipped)):
        container.add_bytes(name, _json(content))
    context = {"profile": profile, "counts": counts, "snapshot_at": source.snapshot_at, "site_url": source.site_url}
    container.add_bytes("index.html", render_index(context, posts.pages))
    for asset in sorted(ASSETS.iterdir()):
        container.add_bytes(f"assets/{asset.name}", asset.read_bytes())


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
