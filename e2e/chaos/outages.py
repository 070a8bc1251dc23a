"""The database's outages, as this process meets them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection


@contextmanager
def outage_ignored() -> Iterator[None]:
    """Break off the block if the database is away; the next query opens a new connection."""
    try:
        yield
    except Error:
        connection.close()
