"""The whole job in a real worker's work-horse: from the claim to the archive in storage, hashes and ZIP included.

The times are the task's own, `started_at` and `ended_at`. The yardstick is PostgreSQL's COPY of the member's
posts, on SQLite too.
"""

import statistics
from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench, in_words
from benchmarks.exporting import KINDS, export, forget, seconds_of
from benchmarks.figures import Figure, compared, in_turn, megabytes
from benchmarks.servers import worker
from benchmarks.yardsticks import copy_seconds
from exports.models import Archive

ROUNDS = 5
LIMIT = 2.0


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the job of each kind with COPY."""
    job = Jobs(bench)
    with worker(bench):
        theirs, *ours = in_turn(
            bench.rounds(ROUNDS), lambda: copy_seconds(bench, bench.largest), *(partial(job, kind) for kind in KINDS)
        )
    posts = in_words(bench.largest)
    for kind, series in zip(KINDS, ours, strict=True):
        name = f"job: {kind}, {posts} posts, claim to storage"
        yield compared(name, bench.database, ours=series, yardstick=theirs, what="COPY", limit=LIMIT)
        size = statistics.median(job.file_sizes[kind])
        yield Figure(f"job: {kind}, size of the file", bench.database, megabytes(size))


class Jobs:
    """Exports of the largest member, and how large their files were."""

    def __init__(self, bench: Bench) -> None:
        self.user = bench.member(bench.largest)
        self.file_sizes: dict[str, list[int]] = {kind: [] for kind in KINDS}

    def __call__(self, kind: str) -> float:
        """Make an export and return its seconds."""
        task = export(self.user, kind)
        self.file_sizes[kind].append(Archive.objects.get(task=task).size)
        forget(task)
        return seconds_of(task)
