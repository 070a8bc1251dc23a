"""Making the indexes of the search, and doing without them while very many rows are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from posts.search.interface import ENGINES
from posts.search.table import TABLES


def prepare_connection(*, connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Teach a new connection what the search needs of it (a receiver of `connection_created`)."""
    ENGINES[connection.vendor].prepare(connection)


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the indexes, with all that is there."""
    engine = ENGINES[connection.vendor]
    indexes = [statement for table in TABLES for statement in engine.installation(table)]
    _execute(connection, [*engine.BEFORE_INSTALLATION, *indexes])


def remove(connection: BaseDatabaseWrapper) -> None:
    """Remove the indexes."""
    engine = ENGINES[connection.vendor]
    indexes = [statement for table in TABLES for statement in engine.removal(table)]
    _execute(connection, [*indexes, *engine.AFTER_REMOVAL])


@contextmanager
def search_suspended() -> Iterator[None]:
    """Leave the search alone while millions of rows are written: to make its indexes afterwards takes less long."""
    with transaction.atomic():
        remove(connection)
        yield
        connection.check_constraints()  # PostgreSQL makes no index before what was put off to the end is done
        install(connection)


def _execute(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
