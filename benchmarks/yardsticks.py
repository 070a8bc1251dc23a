"""The time that PostgreSQL's COPY takes to write the same JSON, one record a line, in the same order."""

import subprocess
import time
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import UnavailableError
from benchmarks.plan import member_name
from tests.postgresql import find_programs

# As CSV with a quote and a delimiter that no JSON holds: COPY's text mode would double the backslashes.
COPY = r"""
COPY (
  SELECT json_build_object(
    'body', body,
    'timestamp', to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  )
  FROM posts_post WHERE author_id = (SELECT id FROM accounts_user WHERE username = '{name}') ORDER BY timestamp, id
) TO STDOUT (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')
"""


def copy_seconds(bench: Bench, size: int) -> float:
    """Return the seconds that PostgreSQL's COPY of a member's posts takes, psql's start included."""
    if not bench.copy_url:
        raise UnavailableError("there is no PostgreSQL to compare with; on Debian: apt install postgresql")
    psql = find_programs() / "psql"
    if not psql.exists():
        raise UnavailableError("psql is not installed; on Debian: apt install postgresql-client")
    sql = COPY.format(name=member_name(size))
    command = [str(psql), "--no-psqlrc", "--quiet", "--dbname", bench.copy_url, "--command", sql]
    return _seconds(command, bench.folder / "copy.jsonl", size)


def _seconds(command: list[str], path: Path, size: int) -> float:
    started = time.perf_counter()
    with path.open("wb") as output:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, check=True)
    elapsed = time.perf_counter() - started
    with path.open("rb") as written:
        lines = sum(1 for _ in written)
    path.unlink()
    if lines != size:
        raise RuntimeError(f"{command[0]} wrote {lines} posts instead of {size}.")
    return elapsed
