"""Reading and importing a Mastodon archive, in a real worker, the index of the search included.

The times are those of the two tasks, from claim to end. The yardstick puts the same rows into the same tables, with the
same indexes: PostgreSQL's COPY, or SQLite's executemany in one transaction.
"""

import subprocess
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction

from accounts.models import User
from benchmarks.bench import Bench, in_words
from benchmarks.exporting import cost_of, seconds_of, succeeded, wait_for_job
from benchmarks.figures import Figure, compared, in_turn, megabytes
from benchmarks.servers import worker
from imports.models import Import
from imports.services.uploads import import_confirm, import_undo, import_upload
from posts.models import Post, PostOrigin
from tasks.models import Task
from tests.members import make_member
from tests.postgresql import find_programs

ROUNDS = 1  # of some minutes each
LIMIT = 2.0
MEMORY_LIMIT = 10.0  # MB above a thousand posts
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
TABLES = {
    "posts_post": "id, author_id, body, timestamp",
    "posts_postorigin": "post_id, author_id, source, source_id, url, import_id",
}


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the import of as many posts as the largest member has with the database's own way."""
    user, count = make_member("importer"), bench.largest
    texts = list(Post.objects.values_list("body", flat=True)[:10_000])
    large, small = (write_archive(bench.folder / f"{size}.zip", texts, size) for size in (count, 1_000))
    with worker(bench, measured=True):
        few = Importing(user, small)
        few()
        few.undo()
        many = Importing(user, large)
        ours, theirs = in_turn(bench.rounds(ROUNDS), many, lambda: rows_again(bench, many))
    delete(user)
    name = f"importing: {in_words(count)} posts of Mastodon, read and imported"
    what = "COPY" if bench.database == "postgresql" else "executemany"
    yield compared(name, bench.database, ours=ours, yardstick=theirs, what=what, limit=LIMIT)
    over = (many.peak - few.peak) / 1e6
    ours_mb, theirs_mb = megabytes(many.peak), f"1k posts {megabytes(few.peak)}"
    yield Figure("importing: memory", bench.database, ours_mb, theirs_mb, over, " MB", MEMORY_LIMIT)


class Importing:
    """Imports of one archive, each after the one before is undone."""

    def __init__(self, user: User, archive: Path) -> None:
        self.user, self.archive = user, archive
        self.upload: Import | None = None
        self.peak = 0.0

    def __call__(self) -> float:
        """Read and import the archive; return the seconds of both tasks."""
        self.undo()
        with self.archive.open("rb") as content:
            file = UploadedFile(content, self.archive.name, "application/zip", self.archive.stat().st_size)
            self.upload, reading = import_upload(user=self.user, file=file)
        seconds = self._finish(reading)
        return seconds + self._finish(import_confirm(self.upload, {"kinds": ["public"]}))

    def undo(self) -> None:
        """Take the posts back."""
        if self.upload:
            self.upload.refresh_from_db()
            self._finish(import_undo(self.upload))

    def _finish(self, task: Task | None) -> float:
        assert task
        wait_for_job(str(task.pk))
        self.peak = max(self.peak, cost_of(str(task.pk))["peak_memory"])
        return seconds_of(succeeded(task))


def write_archive(path: Path, texts: list[str], count: int) -> Path:
    """Write an archive of so many public posts with these texts, a minute apart."""
    with ZipFile(path, "w", ZIP_DEFLATED) as packed, packed.open("outbox.json", "w", force_zip64=True) as file:
        file.write(b'{"@context":[],"id":"outbox.json","type":"OrderedCollection","orderedItems":[')
        for number, text in enumerate(islice(cycle(texts), count)):
            file.write(b"," * bool(number) + orjson.dumps(activity(number, text)))
        file.write(b"]}")
    return path


def activity(number: int, text: str) -> dict[str, object]:
    """Return an activity as Mastodon writes it."""
    me, published = "https://m.example/users/ada", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(6e8 + 60 * number))
    about = {"published": published, "to": [PUBLIC], "cc": [f"{me}/followers"]}
    html = "<p>" + text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br />") + "</p>"
    note = {
        "id": f"{me}/statuses/{number}", "type": "Note", "summary": None, "inReplyTo": None, **about,
        "url": f"https://m.example/@ada/{number}", "attributedTo": me, "sensitive": False, "content": html,
        "contentMap": {"en": html}, "attachment": [], "tag": [], "replies": {"type": "Collection", "items": []},
    }  # fmt: skip
    return {"id": f"{note['id']}/activity", "type": "Create", "actor": me, **about, "object": note}


def rows_again(bench: Bench, many: Importing) -> float:
    """Take the imported rows out, and return the seconds in which the database takes them in again by itself."""
    if bench.database == "postgresql":
        return copied_again(bench, many)
    rows = {table: rows_of(table, columns, many.user) for table, columns in TABLES.items()}
    delete(many.user)
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for table, columns in TABLES.items():
            places = ", ".join(["%s"] * len(columns.split(", ")))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows[table])  # noqa: S608
    return time.perf_counter() - started


def rows_of(table: str, columns: str, user: User) -> list[tuple[Any, ...]]:
    """Return the member's rows as the database holds them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} WHERE author_id = {user.pk}")  # noqa: S608
        return list(cursor.fetchall())


def copied_again(bench: Bench, many: Importing) -> float:
    """Do the same by psql's copy."""
    files = {table: bench.folder / f"{table}.copy" for table in TABLES}
    for table, columns in TABLES.items():
        psql(bench, f"\\copy (SELECT {columns} FROM {table} WHERE author_id = {many.user.pk}) TO '{files[table]}'")  # noqa: S608
    delete(many.user)
    started = time.perf_counter()
    for table, columns in TABLES.items():
        psql(bench, f"\\copy {table} ({columns}) FROM '{files[table]}'")
    return time.perf_counter() - started


def psql(bench: Bench, command: str) -> None:
    """Run a command of psql."""
    program = str(find_programs() / "psql")
    subprocess.run(
        [program, "--no-psqlrc", "--quiet", "--dbname", bench.copy_url, "--command", command],
        stdin=subprocess.DEVNULL,
        check=True,
    )


def delete(user: User) -> None:
    """Delete the member's posts and their origins."""
    PostOrigin.objects.filter(author=user).delete()
    Post.objects.filter(author=user).delete()
