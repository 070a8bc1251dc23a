"""Stream a member's rows from one snapshot of the database."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, QuerySet, TextField
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from exports.choice import EVERYTHING, ArchiveChoice
from exports.formats.rows import BATCH_SIZE, Batch, in_batches
from posts.models import Post

Row = TypeVar("Row")


@dataclass(frozen=True)
class Snapshot:
    """A consistent view of the database."""

    at: datetime
    end: Callable[[], None]
    """Ends the transaction: call it after the last read, because what follows can take long."""

    def ended_after(self, rows: Iterable[Row]) -> Generator[Row]:
        """Yield the rows, the last that are read, and end the snapshot."""
        yield from rows
        self.end()


@contextmanager
def read_snapshot() -> Iterator[Snapshot]:
    """Yield a snapshot: reads within see the database as of this moment. An open transaction keeps its own view."""
    with ExitStack() as stack:
        if not connection.in_atomic_block:
            is_sqlite = connection.vendor == "sqlite"
            stack.enter_context(_sqlite_read_transaction() if is_sqlite else _postgresql_read_transaction())
        yield Snapshot(timezone.now(), stack.close)


@contextmanager
def _postgresql_read_transaction() -> Iterator[None]:
    """Hold a snapshot, however slowly the job reads: it has a time limit of its own.

    Without these settings, a client that compresses for a while before it reads on would be disconnected.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL tcp_user_timeout = 0")
        yield


@contextmanager
def _sqlite_read_transaction() -> Iterator[None]:
    """Hold a reader's view of the WAL; `atomic()` would take the write lock (see settings) and stop the site."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def posts_batches(user_id: int, *, with_ids: bool = False, choice: ArchiveChoice = EVERYTHING) -> Generator[Batch]:
    """Yield the member's posts of the chosen dates, oldest first, in batches streamed from the database.

    Close the generator before the connection is used again.
    """
    columns = ("body", DatabaseTime(F("timestamp")), "id") if with_ids else ("body", DatabaseTime(F("timestamp")))
    chosen = Post.objects.filter(author_id=user_id).written(since=choice.since, until=choice.until)
    oldest_first = chosen.order_by("timestamp", "id")
    for bodies, times, *ids in streamed_columns(oldest_first.values_list(*columns)):
        yield Batch(bodies, iso_times(times), *ids)


def iso_times(times: Sequence[str]) -> list[str]:
    """Return the database's times as ISO 8601 in UTC with `Z`: a fraction, where there is one, in microseconds.

    Converting all at once is faster than any function of the database. Values that are no times stay invalid.
    """
    try:
        texts = _as_iso("Z\n".join(times) + "Z").split("\n")
    except TypeError:
        texts = []
    return texts if len(texts) == len(times) else [_as_iso(f"{time}Z") for time in times]


def _as_iso(text: str) -> str:
    return text.replace(" ", "T").replace(".000000Z", "Z")


def streamed_columns(rows: "QuerySet[Any, Any]") -> Iterator[Iterable[Any]]:
    """Stream the rows by columns, straight from the driver: each generator in between would take a tenth longer."""
    batches = _batches_from_postgresql(rows) if connection.vendor == "postgresql" else _batches_from_sqlite(rows)
    with closing(batches):
        for batch in batches:
            yield zip(*batch, strict=True)


def _batches_from_postgresql(rows: "QuerySet[Any, Any]") -> Generator[list[Any]]:
    """Read while the server prepares the next rows; with a server-side cursor, the two would take turns."""
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        yield from in_batches(cursor.stream(sql, parameters, size=BATCH_SIZE))


def _batches_from_sqlite(rows: "QuerySet[Any, Any]") -> Generator[list[Any]]:
    """Read batches; from the first one that holds invalid UTF-8 on, decode leniently."""
    given = 0
    try:
        for batch in _fetched(rows):
            yield batch
            given += len(batch)
    except OperationalError:
        with _lenient_text():
            yield from _fetched(rows[given:])


def _fetched(rows: "QuerySet[Any, Any]") -> Iterator[list[Any]]:
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while batch := cursor.fetchmany(BATCH_SIZE):
            yield batch


@contextmanager
def _lenient_text() -> Iterator[None]:
    """Decode invalid UTF-8 as lone surrogates, like Python's file names; the writer skips such texts."""
    database = connection.connection
    usual = database.text_factory
    database.text_factory = lambda data: data.decode(errors="surrogateescape")
    try:
        yield
    finally:
        database.text_factory = usual


class DatabaseTime(Func):
    """A time as text in UTC: `YYYY-MM-DD HH:MM:SS.ffffff`, or without the fraction."""

    output_field = TextField()
    template = "CAST(%(expressions)s AS text)"  # on SQLite, Django stores it in this form

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        """Return the SQL for PostgreSQL."""
        template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
        return super().as_sql(compiler, connection, template=template, **extra)
