"""Checks of the search: its tables, and the collation that its index is built with."""

from collections.abc import Iterator

from django.db import connection

from core.checks import query
from core.health import Finding, check, failing, warning
from posts.search.interface import find
from posts.search.query import Query
from posts.search.table import POSTS

COLLATION = """
SELECT count(*), bool_and(collversion IS NOT DISTINCT FROM pg_collation_actual_version(oid))
FROM pg_collation WHERE collname = 'und-x-icu'
"""


@check("search", deep=True, hint="Run manage.py migrate; see docs/decisions/0014.")
def search() -> Iterator[Finding]:
    """Search for a word; on PostgreSQL look at ICU, too: under another version the index may miss words."""
    find(POSTS, Query.parse("doctor"))
    if connection.vendor != "postgresql":
        return
    count, is_same = query(COLLATION)
    if not count:
        yield failing("no collation und-x-icu", "Use a PostgreSQL built with ICU, as Debian's is.")
    elif not is_same:
        hint = 'REINDEX DATABASE; then ALTER COLLATION "und-x-icu" REFRESH VERSION.'
        yield warning("the version of ICU has changed since the indexes were made", hint)
