"""Rows to `posts.json` through the site's own writer, beside the database's own program.

In this process, as a work-horse does it: from one snapshot, counted first, under a real heartbeat that writes
progress every second, to a file on the disk of the exports. The yardstick's wall clock includes its
program's start, some ten milliseconds. Both work with a warm cache, since the medians leave the first round out.
"""

import time
from collections.abc import Iterator
from contextlib import closing

from accounts.models import User
from benchmarks.bench import Bench, in_words
from benchmarks.figures import Figure, compared, in_turn
from benchmarks.yardsticks import copy_seconds, shell_seconds
from exports.building.snapshot import posts_batches, read_snapshot
from exports.formats.posts_json import write_posts
from tasks.models import Task, TaskStatus
from tasks.services.heartbeat import Heartbeat

ROUNDS = 5
# PostgreSQL's COPY writes JSON no faster than this; the sqlite3 shell, without Python's objects, does.
YARDSTICKS = {"postgresql": ("COPY", copy_seconds, 1.0), "sqlite": ("sqlite3 shell", shell_seconds, 1.35)}


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the writer with the yardstick of the database."""
    name, yardstick, limit = YARDSTICKS[bench.database]
    user = bench.member(bench.largest)
    theirs, ours = in_turn(
        bench.rounds(ROUNDS), lambda: yardstick(bench, bench.largest), lambda: write_seconds(bench, user)
    )
    what = f"writer: {in_words(bench.largest)} posts to posts.json"
    yield compared(what, bench.database, ours=ours, yardstick=theirs, what=name, limit=limit)


def write_seconds(bench: Bench, user: User) -> float:
    """Return the seconds that the writer takes for all posts of the member."""
    task = Task.objects.create(user=user, name="export_posts", status=TaskStatus.RUNNING, attempt=1)
    path = bench.folder / "posts.json"
    try:
        started = time.perf_counter()
        with path.open("wb") as output, Heartbeat(task) as heartbeat, read_snapshot():
            heartbeat.total = user.posts.count()
            with closing(posts_batches(user.pk)) as rows:
                write_posts(rows, output, heartbeat.advance)
        return time.perf_counter() - started
    finally:
        path.unlink()
        task.delete()
