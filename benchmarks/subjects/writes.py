"""Writes to the database and to Redis that a job costs: bounded by its seconds, not by its posts.

Database: the statements INSERT, UPDATE and DELETE that the work-horse executes, on all its connections. Redis:
what the server itself counted (`INFO commandstats`) of the commands it flags as writing, from launch to the
job's end, by whomever: the idle worker's few and the web's enqueueing are in it.
"""

from collections.abc import Iterator

import django_rq
from redis import Redis

from benchmarks.bench import Bench, in_words
from benchmarks.exporting import KINDS, cost_of, export, forget
from benchmarks.figures import Figure, seconds
from benchmarks.servers import worker

# So many for the launch, claim, success, mail and the queue's own accounts; and so many a second.
DATABASE_BOUND = (20, 6)
REDIS_BOUND = (60, 6)


def measure(bench: Bench) -> Iterator[Figure]:
    """Count the writes of each kind's job for members with more and more posts."""
    sizes = [size for size in bench.sizes if size in (1_000, 100_000) or size == bench.largest]
    with worker(bench, measured=True):
        for kind in KINDS:
            for size in sizes:
                yield from counted(bench, kind, size)


def counted(bench: Bench, kind: str, size: int) -> Iterator[Figure]:
    """Yield the figures of one job."""
    before = redis_writes()
    task = export(bench.member(size), kind)
    in_redis = redis_writes() - before
    cost = cost_of(str(task.pk))
    forget(task)
    name = f"{kind}, {in_words(size)} posts"
    yield bounded(f"writes: database, {name}", bench, int(cost["writes"]), cost["seconds"], DATABASE_BOUND)
    yield bounded(f"writes: Redis, {name}", bench, in_redis, cost["seconds"], REDIS_BOUND)


def bounded(name: str, bench: Bench, writes: int, duration: float, bound: tuple[int, int]) -> Figure:
    """Return the figure for so many writes in a job of so many seconds."""
    fixed, rate = bound
    allowed = fixed + rate * duration
    return Figure(
        name,
        bench.database,
        f"{writes} in {seconds(duration)}",
        value=writes,
        limit=round(allowed),
    )


def redis_writes() -> int:
    """Return how many writing commands the queue server has executed so far."""
    redis: Redis = django_rq.get_connection("default")
    writing = {name for name, command in redis.command().items() if "write" in command["flags"]}
    counts = redis.info("commandstats")
    return sum(stats["calls"] for name, stats in counts.items() if name.removeprefix("cmdstat_") in writing)
