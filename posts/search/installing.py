"""Create and remove the indexes of the search."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from posts.search.interface import ENGINES
from posts.search.table import TABLES


def prepare_connection(*, connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Prepare a new connection for the search (a receiver of `connection_created`)."""
    ENGINES[connection.vendor].prepare(connection)


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the indexes of all existing rows."""
    engine = ENGINES[connection.vendor]
    _execute(connection, [statement for table in TABLES for statement in engine.installation(table)])


def remove(connection: BaseDatabaseWrapper) -> None:
    """Remove the indexes."""
    engine = ENGINES[connection.vendor]
    indexes = [statement for table in TABLES for statement in engine.removal(table)]
    _execute(connection, [*indexes, *engine.AFTER_REMOVAL])


def _execute(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
