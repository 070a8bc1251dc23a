"""Staying idle in a transaction, for as long as PostgreSQL itself counts."""

import psycopg
from django.db import connection

from tests.waiting import wait_until

IS_OVER = """
SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s AND now() - state_change < %s * interval '1 second')
"""


def stay_idle(server_url: str, seconds: float) -> None:
    """Wait until the server has seen this thread's connection idle for so long, or has ended it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    with psycopg.connect(server_url, autocommit=True) as observer:
        wait_until(lambda: _is_over(observer, pid, seconds), what="The end of the pause")


def _is_over(observer: "psycopg.Connection[tuple[bool]]", pid: int, seconds: float) -> bool:
    found = observer.execute(IS_OVER, [pid, seconds]).fetchone()
    return bool(found and found[0])
