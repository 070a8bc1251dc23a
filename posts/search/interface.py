"""The one question that both databases answer: which are the newest rows that hold all of these words."""

from dataclasses import dataclass

from django.db import connection

from posts.search import postgresql, sqlite
from posts.search.query import Query
from posts.search.table import Table

MAX_CANDIDATES = 200
"""So many rows are looked at, the newest: a search costs the same however many there are."""

ENGINES = {"postgresql": postgresql, "sqlite": sqlite}


@dataclass(frozen=True)
class Candidates:
    """The ids of the newest rows that match, and whether there are older ones too."""

    ids: list[int]
    are_all: bool


def find(table: Table, query: Query) -> Candidates:
    """Return the newest rows that hold all words of the query; none for a query without words."""
    if not query.terms:
        return Candidates([], are_all=True)
    sql, parameters = ENGINES[connection.vendor].find(connection, table, query.terms, MAX_CANDIDATES + 1)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        ids = [row[0] for row in cursor.fetchall()]
    return Candidates(ids[:MAX_CANDIDATES], are_all=len(ids) <= MAX_CANDIDATES)
