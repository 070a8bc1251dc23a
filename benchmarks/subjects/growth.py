"""The cost of an export as the work grows: the job's seconds and the work-horse's peak memory, for each kind.

In a database of its own, whose largest member has five million posts. Straight is: a post costs the largest member
no more than it costs the second largest, give or take.
"""

import statistics
from collections.abc import Iterator

import orjson

from benchmarks.bench import Bench, in_words
from benchmarks.exporting import KINDS, cost_of, export, forget, seconds_of
from benchmarks.figures import Figure, megabytes, seconds
from benchmarks.plan import GROWTH_FILE
from benchmarks.servers import worker

ROUNDS = 3
LIMIT = 1.3

Point = tuple[int, float, float]
"""Posts, seconds, peak memory in bytes."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Export for each member; leave the points for the plot."""
    curves: dict[str, list[Point]] = {}
    with worker(bench, measured=True):
        for kind in KINDS:
            curves[kind] = [point(bench, kind, size) for size in bench.sizes]
            yield from figures(bench, kind, curves[kind])
    (bench.folder / GROWTH_FILE).write_bytes(orjson.dumps(curves))


def point(bench: Bench, kind: str, size: int) -> Point:
    """Return what an export costs the member with so many posts: the medians of a few, or of one that is long."""
    costs = []
    for _ in range(bench.rounds(ROUNDS if size < 1_000_000 else 1)):
        task = export(bench.member(size), kind)
        costs.append((seconds_of(task), cost_of(str(task.pk))["peak_memory"]))
        forget(task)
    return (size, *(statistics.median(series) for series in zip(*costs, strict=True)))


def figures(bench: Bench, kind: str, curve: list[Point]) -> Iterator[Figure]:
    """Yield a line for each point; the last is judged by the one before."""
    for size, duration, memory in curve[:-1]:
        ours = f"{seconds(duration)}, {megabytes(memory)}"
        yield Figure(f"growth: {kind}, {in_words(size)} posts", bench.database, ours)
    (size, duration, memory), (before, duration_before, _memory) = curve[-1], curve[-2]
    yield Figure(
        f"growth: {kind}, {in_words(size)} posts, time per post",
        bench.database,
        f"{seconds(duration)}, {megabytes(memory)}",
        f"{in_words(before)} posts {seconds(duration_before)}",
        (duration / size) / (duration_before / before),
        "",
        LIMIT,
    )
