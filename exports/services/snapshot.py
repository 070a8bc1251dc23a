"""Reading a member's posts: all of one moment, one after another."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, TextField
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from exports.writer import BATCH_SIZE, Row
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


def posts_rows(user_id: int) -> Iterator[Row]:
    """Yield the member's posts as (body, time), oldest first, streamed from the database."""
    rows = (
        Post.objects.filter(author_id=user_id).order_by("timestamp", "id").values_list("body", UtcText(F("timestamp")))
    )
    return rows.iterator(chunk_size=BATCH_SIZE)


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
