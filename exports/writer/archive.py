"""The complete archive: one ZIP with everything that is the member's. What is in it: docs/archive.md."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import orjson

from exports.writer.activity_streams import OUTBOX_HEAD, OUTBOX_ITEMS, Activities, actor
from exports.writer.background import BackgroundWriter
from exports.writer.digests import DigestingFile
from exports.writer.offline_pages import ASSETS, Page, PageShell, articles, escaped, render_index
from exports.writer.posts_json import JsonList, Progress, posts_records, write_list
from exports.writer.rows import BATCH_SIZE, PostRow, Skipped, in_batches, readable_rows
from exports.writer.spreadsheet import HEADER, spreadsheet_rows
from exports.writer.weaving import joined
from exports.writer.zip_file import SealedZip

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Source:
    """What goes into an archive: all of one moment."""

    site_url: str
    """Without a slash at its end."""
    member_url: str
    """Absolute, as `post_url` makes the posts'."""
    snapshot_at: datetime
    profile: dict[str, Any]
    """JSON types; at least `username`, `about_me` and `joined`."""
    posts_count: int
    posts: Iterable[PostRow]
    """Oldest first."""
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
        posts = PostFiles(container, source)
        posts.write(on_progress)
        counts = {"posts": posts.written, **_people(container, source), "skipped": len(posts.skipped)}
        _small_files(container, source, counts, posts)
        _manifest(container, source, counts)
        container.close()
    finally:
        container.discard()
    return counts, posts.skipped


class PostFiles:
    """The files that hold posts, written side by side from one reading: three lists, and the pages."""

    def __init__(self, container: SealedZip, source: Source) -> None:
        self._container = container
        self._rows = source.posts
        self._posts_url = f"{source.site_url}/posts/"
        self._activities = Activities(actor_url=source.member_url, posts_url=self._posts_url)
        self._shell = PageShell(username=source.profile["username"], pages=-(-source.posts_count // BATCH_SIZE))
        self.pages: list[Page] = []
        self.skipped: list[Skipped] = []
        self.written = 0

    def write(self, on_progress: Progress) -> None:
        """Write all of them, and add them to the container."""
        parts = [self._container.part(name) for name in ("posts.json", "posts.csv", "outbox.json")]
        with BackgroundWriter() as background:
            posts_json, posts_csv, outbox = map(background.to, parts)
            posts = JsonList("posts", posts_json)
            posts_csv.write(HEADER)
            items = JsonList(OUTBOX_ITEMS, outbox, head=OUTBOX_HEAD)
            done = 0
            for number, rows in enumerate(in_batches(self._rows), start=1):
                batch = PostBatch(readable_rows(rows, self.skipped))
                page = Page(number, batch.columns["timestamps"])
                if batch.bodies:
                    posts.add(batch.records)
                    posts_csv.write(spreadsheet_rows(posts_url=self._posts_url, bodies=batch.bodies, **batch.columns))
                    items.add_encoded(self._activities.encoded(escaped=batch.escaped, **batch.columns))
                    self.pages.append(page)
                # A page is written even if nothing on it was readable: its neighbours link to it.
                content = self._shell.around(page, articles(escaped=batch.escaped, **batch.columns))
                background.put(partial(self._container.add_bytes, page.name), content)
                self.written += len(batch.bodies)
                done += len(rows)
                on_progress(done)
            posts.close()
            items.close(totalItems=self.written)
        for part in parts:
            self._container.add(part)


class PostBatch:
    """A batch of posts in the forms that the files want."""

    def __init__(self, rows: list[PostRow]) -> None:
        columns = list(zip(*rows, strict=True)) or [(), (), ()]  # every row of the batch may have been unreadable
        timestamps: tuple[str, ...] = columns[1]
        self.bodies: tuple[str, ...] = columns[0]
        self.records = posts_records(zip(self.bodies, timestamps, strict=True))
        self.escaped = escaped(joined(self.bodies))
        self.columns = {
            "ids": [b"%d" % post_id for post_id in columns[2]],
            "timestamps": list(map(str.encode, timestamps)),
        }


def _people(container: SealedZip, source: Source) -> dict[str, int]:
    counts = {}
    for name, people in (("follows", source.follows), ("followers", source.followers)):
        part = container.part(f"{name}.json")
        counts[name] = write_list(name, people, part)
        container.add(part)
    return counts


def _small_files(container: SealedZip, source: Source, counts: dict[str, int], posts: PostFiles) -> None:
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
        "snapshot_at": source.snapshot_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "counts": counts,
        "files": [asdict(entry) for entry in container.entries],
    }
    container.add_bytes("manifest.json", _json(manifest))


def _json(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
