"""Write a batch of an import: posts, where they come from, and what was left out."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from imports.models import Import, LeftOut
from imports.reader import Entry, Found, Kind, Skipped
from imports.reasons import Reason
from imports.services.known_posts import new_posts
from imports.services.reading import in_order
from posts.models import Post, PostOrigin

Position = dict[str, Any]
"""How many entries are `done`, how many of them were `known`, and how many were `left_out`, by reason."""
START: Position = {"done": 0, "known": 0, "left_out": {}}
POST_COLUMNS = ("id", "author_id", "body", "timestamp")
ORIGIN_COLUMNS = ("post_id", "author_id", "source", "source_id", "url", "import_id")
NEW_IDS = "SELECT nextval(pg_get_serial_sequence('posts_post', 'id')) FROM generate_series(1, %s)"
MAX_LISTED = 100_000
"""Entries left out that an import keeps for its CSV; a hostile file of a few kilobytes can hold millions."""


def write_batch(upload: Import, batch: list[Entry], position: Position) -> Position:
    """Insert the new posts of the chosen kinds; return the position after the batch. Call it in a transaction."""
    entries = [_chosen(entry, upload.choices["kinds"]) for entry in batch]
    source = upload.source
    new, known = new_posts(upload.user, source, in_order(entries), import_id=upload.pk)
    _insert_posts(upload, source, new)
    skipped = [entry for entry in entries if isinstance(entry, Skipped)]
    room = max(MAX_LISTED - sum(position["left_out"].values()), 0)
    LeftOut.objects.bulk_create(_left_out(upload, entry) for entry in skipped[:room])
    return {
        "done": position["done"] + len(batch),
        "known": position["known"] + known,
        "left_out": dict(Counter(position["left_out"]) + Counter(entry.reason for entry in skipped)),
    }


def _left_out(upload: Import, entry: Skipped) -> LeftOut:
    detail = entry.detail[:255]
    return LeftOut(upload=upload, reason=entry.reason, detail=detail, url=entry.url, written_at=entry.written_at)


def _chosen(entry: Entry, kinds: Collection[str]) -> Entry:
    if isinstance(entry, Skipped):
        return entry
    needed = [Kind.UNLISTED, entry.kind] if entry.is_unlisted else [entry.kind]
    missing = next((kind for kind in needed if kind not in kinds), None)
    return Skipped(Reason(missing), entry.url, entry.written_at) if missing else entry


def _insert_posts(upload: Import, source: str, found: list[Found]) -> None:
    """Insert the rows past Django's models, which take several times as long as the database."""
    author, moment = upload.user_id, connection.ops.adapt_datetimefield_value
    brought_by = PostOrigin._meta.get_field("import_id").get_db_prep_save(upload.pk, connection)
    with connection.cursor() as cursor:
        ids = _new_ids(cursor, len(found))
        posts = ((pk, author, post.body, moment(post.written_at)) for pk, post in zip(ids, found, strict=True))
        _insert(cursor, Post._meta.db_table, POST_COLUMNS, posts)
        origins = (
            (pk, author, source, post.source_id, post.url, brought_by) for pk, post in zip(ids, found, strict=True)
        )
        _insert(cursor, PostOrigin._meta.db_table, ORIGIN_COLUMNS, origins)


def _new_ids(cursor: CursorWrapper, count: int) -> list[int]:
    """Return ids for so many posts, ascending. In SQLite the transaction keeps others from inserting any."""
    if connection.vendor == "postgresql":
        cursor.execute(NEW_IDS, [count])
        return [pk for (pk,) in cursor.fetchall()]
    cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'posts_post'")  # no id is given twice
    last = (cursor.fetchone() or [0])[0]
    return list(range(last + 1, last + 1 + count))


def _insert(cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        places = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", list(rows))  # noqa: S608 - all ours
