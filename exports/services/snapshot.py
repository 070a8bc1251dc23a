"""Reading a member's posts: all of one moment, one after another."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, QuerySet, TextField
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from exports.writer import BATCH_SIZE, PostRow, Row, in_batches
from posts.models import Post


@contextmanager
def read_snapshot() -> Iterator[datetime]:
    """Yield the time of a snapshot: all that is read within is of this one moment, whoever writes meanwhile.

    Inside a transaction that is already open, its own view is kept.
    """
    if connection.in_atomic_block:
        yield timezone.now()
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield timezone.now()
    else:
        with _sqlite_read_transaction():
            yield timezone.now()


@contextmanager
def _sqlite_read_transaction() -> Iterator[None]:
    """Hold a reader's view of the WAL; `atomic()` would take the write lock (see settings) and stop the site."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def posts_count(user_id: int) -> int:
    """Return the number of the member's posts."""
    return Post.objects.filter(author_id=user_id).count()


def posts_rows(user_id: int) -> Generator[Row]:
    """Yield the member's posts as (body, time), oldest first, streamed from the database.

    Close the generator before the connection is used again.
    """
    return _streamed(_oldest_first(user_id).values_list("body", UtcText(F("timestamp"))))


def posts_rows_with_ids(user_id: int) -> Generator[PostRow]:
    """Yield the same as (body, time, id)."""
    return _streamed(_oldest_first(user_id).values_list("body", UtcText(F("timestamp")), "id"))


def _oldest_first(user_id: int) -> QuerySet[Post]:
    return Post.objects.filter(author_id=user_id).order_by("timestamp", "id")


def _streamed(rows: "QuerySet[Any, Any]") -> Generator[Any]:
    return _stream_from_postgresql(rows) if connection.vendor == "postgresql" else _stream_from_sqlite(rows)


def _stream_from_postgresql(rows: "QuerySet[Any, Any]") -> Generator[Any]:
    """Read while the server works on what follows: half the time of a server-side cursor, which waits each time."""
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        yield from cursor.stream(sql, parameters, size=BATCH_SIZE)


def _stream_from_sqlite(rows: "QuerySet[Any, Any]") -> Generator[Any]:
    """Read as fast as can be; from the first batch on that holds no valid UTF-8, read what is there nevertheless."""
    given = 0
    try:
        for batch in in_batches(rows.iterator(chunk_size=BATCH_SIZE)):
            yield from batch
            given += len(batch)
    except OperationalError:
        with _lenient_text():
            yield from rows[given:].iterator(chunk_size=BATCH_SIZE)


@contextmanager
def _lenient_text() -> Iterator[None]:
    """Have text read that is no UTF-8, as lone surrogates, as in Python's file names; the writer skips it."""
    database = connection.connection
    usual = database.text_factory
    database.text_factory = lambda data: data.decode(errors="surrogateescape")
    try:
        yield
    finally:
        database.text_factory = usual


class UtcText(Func):
    """A time as ISO 8601 text in UTC with `Z`, made by the database: far cheaper than a datetime a row.

    A fraction of a second is given, in microseconds, only where there is one, as `datetime.isoformat` does.
    """

    output_field = TextField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        """Return the SQL: Django keeps `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC."""
        return super().as_sql(compiler, connection, template="replace(%(expressions)s, ' ', 'T') || 'Z'", **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        """Return the SQL."""
        template = (
            "replace(to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '.000000Z', 'Z')"
        )
        return super().as_sql(compiler, connection, template=template, **extra)
