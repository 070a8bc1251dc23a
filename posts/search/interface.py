"""Find the newest rows with all words of a query, on either database."""

from dataclasses import dataclass

from django.db import connection

from posts.search import postgresql, sqlite
from posts.search.query import Query
from posts.search.table import Table

MAX_CANDIDATES = 200
"""The newest matches that are ranked: a search costs the same however many there are."""

ENGINES = {"postgresql": postgresql, "sqlite": sqlite}


@dataclass(frozen=True)
class Candidates:
    """The ids of the newest matching rows, and whether those are all."""

    ids: list[int]
    are_all: bool


def find(table: Table, query: Query) -> Candidates:
    """Return the newest rows with all words of the query; none for a query without words."""
    if not query.terms:
        return Candidates([], are_all=True)
    sql, parameters = ENGINES[connection.vendor].find(connection, table, query.terms, MAX_CANDIDATES + 1)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        ids = [row[0] for row in cursor.fetchall()]
    return Candidates(ids[:MAX_CANDIDATES], are_all=len(ids) <= MAX_CANDIDATES)
