"""So much to export that a fault can be timed, and holding back what is to be written in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection, transaction

from accounts.models import User
from tasks.models import Task

ENOUGH = 60_000
"""Posts; an archive of them takes about half a second of one processor."""


def write_many_posts(user: User, count: int = ENOUGH) -> None:
    """Write them faster than row by row."""
    sql = """
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)
        INSERT INTO posts_post (author_id, body, timestamp) SELECT %s, 'post ' || n, %s FROM numbers
    """
    moment = connection.ops.adapt_datetimefield_value(datetime(2026, 1, 1, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute(sql, [count, user.pk, moment])


@contextmanager
def tasks_held() -> Iterator[None]:
    """Lock the tasks: an export stores its file, and then waits."""
    with transaction.atomic():
        list(Task.objects.select_for_update())
        yield
