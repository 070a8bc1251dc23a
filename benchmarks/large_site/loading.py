"""Loading millions of rows: in each database's fastest way, and with the indexes made once, at the end."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.db import connection, transaction

from posts.search.installing import install, remove

BATCH_SIZE = 10_000

# Statements that take away what is checked or sorted at each row, and those that bring it back: to be made by these.
SET_ASIDE = {
    "postgresql": """
        SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', conrelid::regclass, conname),
               format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('f', 'u')
        UNION ALL
        SELECT format('DROP INDEX %%I', indexname), indexdef FROM pg_indexes
        WHERE tablename = %s AND schemaname = current_schema()
          AND indexname NOT IN (SELECT conname FROM pg_constraint)
    """,
    "sqlite": """
        SELECT format('DROP INDEX "%%w"', name), sql FROM sqlite_master
        WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN (%s, %s)
    """,
}
TIDY = {"postgresql": "VACUUM (ANALYZE)", "sqlite": "ANALYZE"}


@contextmanager
def indexes_set_aside(table: str) -> Iterator[None]:
    """Leave the table without its indexes and constraints, and make them again; within a transaction."""
    connection.check_constraints()  # PostgreSQL alters no table that has checks still to be made
    with connection.cursor() as cursor:
        cursor.execute(SET_ASIDE[connection.vendor], [table, table])
        statements = cursor.fetchall()
        for take_away, _bring_back in statements:
            cursor.execute(take_away)
        yield
        for _take_away, bring_back in statements:
            cursor.execute(bring_back)


def load(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert the rows."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        places = ", ".join(["%s"] * len(columns))
        remaining = iter(rows)
        while batch := list(islice(remaining, BATCH_SIZE)):
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", batch)  # noqa: S608 - our own names


def tidy() -> None:
    """Let the database look at what it holds now, for its planner; outside of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(TIDY[connection.vendor])


@contextmanager
def search_suspended() -> Iterator[None]:
    """Leave the search without its indexes in the block: making them afterwards is faster."""
    with transaction.atomic():
        remove(connection)
        yield
        connection.check_constraints()  # PostgreSQL makes no index before deferred constraints are checked
        install(connection)
