"""Fills a database with members and posts: real texts, repeated, at times of their own."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from django.db import connection

from accounts.models import User

TEXTS = Path(__file__).resolve().parent.parent / "tests/data/posts.jsonl"
START = datetime(2009, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=17, microseconds=431_000)
COLUMNS = "author_id, body, timestamp"


def fill(sizes: dict[str, int]) -> None:
    """Create a member for each name, with so many posts; the members' posts are mixed in time and in the table."""
    members = {name: User.objects.create_user(name, f"{name}@example.com") for name in sizes}
    rows = post_rows({members[name].pk: size for name, size in sizes.items()})
    if connection.vendor == "postgresql":
        _copy(rows)
    else:
        _insert(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def post_rows(sizes: dict[int, int]) -> Iterator[tuple[int, str, datetime]]:
    """Yield (author, body, time), oldest first, the authors in turn as long as each has posts left."""
    bodies = itertools.cycle([orjson.loads(line)["body"] for line in TEXTS.open("rb")])
    moment = START
    left = dict(sizes)
    while left:
        for author, size in list(left.items()):
            # The largest member writes most of what is between two posts of the others.
            share = max(1, size * 4 // max(left.values()))
            for _ in range(min(share, size)):
                moment += STEP
                yield author, next(bodies), moment
            left[author] -= min(share, size)
            if not left[author]:
                del left[author]


def _copy(rows: Iterator[tuple[int, str, datetime]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY posts_post ({COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _insert(rows: Iterator[tuple[int, str, datetime]]) -> None:
    texts = ((author, body, str(moment.replace(tzinfo=None))) for author, body, moment in rows)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.cursor.connection.executemany(f"INSERT INTO posts_post ({COLUMNS}) VALUES (?, ?, ?)", texts)  # noqa: S608
        cursor.execute("COMMIT")
