"""Fills a database with members and posts: real texts, repeated, each member's spread evenly over ten years.

The database itself makes the rows, in one statement: a few million in well under a minute.
"""

from pathlib import Path

import orjson
from django.db import connection

from benchmarks.large_site.loading import search_suspended
from tests.members import make_member

TEXTS = Path(__file__).resolve().parent.parent / "tests/data/posts.jsonl"
FIRST_MOMENT = 1_230_768_000_000_000  # microseconds since 1970: the beginning of 2009
SPAN = 10 * 365 * 86_400_000_000  # microseconds

# One number after another, as many as the largest member has posts; and a moment in microseconds as a time.
DIALECTS = {
    "sqlite": (
        "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers, largest WHERE n + 1 < size)",
        "strftime('%Y-%m-%d %H:%M:%S', moment / 1000000, 'unixepoch') || printf('.%06d', moment % 1000000)",
    ),
    "postgresql": (
        "WITH numbers AS (SELECT generate_series(0, size - 1) AS n FROM largest)",
        "timestamptz 'epoch' + moment * interval '1 microsecond'",
    ),
}
INSERT = """
{numbers}, moments AS (
  SELECT author, n, {first} + (2 * n + 1) * ({span} / (2 * size)) AS moment FROM numbers JOIN sizes ON n < size
)
INSERT INTO posts_post (author_id, body, timestamp)
SELECT author, body, {time} FROM moments JOIN texts ON texts.id = (author + n) % (SELECT count(*) FROM texts)
ORDER BY moment
"""
# Nothing of this need survive a crash, and the rows are known to fit each other.
HASTE = {"sqlite": "PRAGMA synchronous = OFF", "postgresql": "SET session_replication_role = replica"}
TIDY = {
    "sqlite": ["ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA synchronous = NORMAL"],
    "postgresql": ["VACUUM (ANALYZE) posts_post", "CHECKPOINT", "SET session_replication_role = origin"],
}


def fill(sizes: dict[str, int]) -> None:
    """Create a member for each name, with so many posts."""
    fill_posts({make_member(name).pk: size for name, size in sizes.items()})


def fill_posts(sizes: dict[int, int]) -> None:
    """Write so many posts of each member (by primary key); they are mixed in time and in the table."""
    bodies = [orjson.loads(line)["body"] for line in TEXTS.open("rb")]
    numbers, time = DIALECTS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(HASTE[connection.vendor])
        cursor.execute("CREATE TEMPORARY TABLE texts (id integer PRIMARY KEY, body text)")
        cursor.execute("CREATE TEMPORARY TABLE sizes (author bigint, size bigint)")
        cursor.executemany("INSERT INTO texts VALUES (%s, %s)", list(enumerate(bodies)))
        cursor.executemany("INSERT INTO sizes VALUES (%s, %s)", list(sizes.items()))
        cursor.execute("CREATE TEMPORARY VIEW largest AS SELECT max(size) AS size FROM sizes")
        with search_suspended():
            cursor.execute(INSERT.format(numbers=numbers, time=time, first=FIRST_MOMENT, span=SPAN))
        for statement in TIDY[connection.vendor]:
            cursor.execute(statement)
