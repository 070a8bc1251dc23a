"""The wait of small exports while large ones run, compared with the same batch without them.

One worker for `large`, as in deploy/, beside one for both queues, and beside several.

Small exports of many members come behind large ones of a few: all at once, or each as soon as the one before is over. A
wait is a task's `started_at` - `queued_at`. For information: the same with a single lane for all.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from django.test import override_settings

from accounts.models import User
from benchmarks.bench import Bench
from benchmarks.exporting import KINDS, TIMEOUT, forget, succeeded
from benchmarks.figures import Figure, seconds
from benchmarks.fill import fill
from benchmarks.servers import worker
from tasks.models import Task, TaskStatus
from tasks.queue.client import LARGE_QUEUE_NAME
from tasks.services.launch import task_launch
from tests.waiting import wait_until

WORKERS = (1, 3)
ROUNDS = 3
LIMIT = 3.0
SMALL_MEMBERS, LARGE_MEMBERS = 40, 6
LARGE_SIZE, LARGE_SIZE_IN_HASTE = 100_000, 20_000
NOBODY = 10**9
"""More posts than any member has."""
Export = Callable[[], list[Task]]


def measure(bench: Bench) -> Iterator[Figure]:
    """Fill the database, and let the members export."""
    batch = Batch(bench)
    for workers in WORKERS:
        with ExitStack() as stack:
            for queue in [LARGE_QUEUE_NAME, *workers * ["default"]]:  # as in deploy/
                stack.enter_context(worker(bench, queue=queue))
            batch.waits(batch.at_once, beside_large=False)  # what is asked for again is in memory
            for manner, export in {"at once": batch.at_once, "one after another": batch.one_after_another}.items():
                name = f"lanes: wait (95 %) of small exports {manner}, {workers} worker{'s' * (workers > 1)}"
                yield from figures(name, bench, batch, export)


def figures(name: str, bench: Bench, batch: "Batch", export: "Export") -> Iterator[Figure]:
    """Measure the waits without large exports, beside them, and in one lane with them, in turn."""
    results: list[list[float]] = [[], [], []]
    for _ in range(bench.rounds(ROUNDS)):
        results[0] += batch.waits(export, beside_large=False)
        results[1] += batch.waits(export, beside_large=True)
        with override_settings(EXPORT_LARGE_FROM=NOBODY):
            results[2] += batch.waits(export, beside_large=True)
    alone, beside, in_one_lane = (statistics.quantiles(waits, n=20)[-1] for waits in results)
    yardstick = f"without large ones {seconds(alone)}"
    yield Figure(name, bench.database, seconds(beside), yardstick, beside / alone, "", LIMIT)
    yield Figure(f"{name}, were there one lane", bench.database, seconds(in_one_lane), "", in_one_lane / alone)


class Batch:
    """Members with 50 to 500 posts, and some with very many, who all want their exports."""

    def __init__(self, bench: Bench) -> None:
        small = {f"small{number}": 50 + 450 * number // SMALL_MEMBERS for number in range(SMALL_MEMBERS)}
        size = LARGE_SIZE_IN_HASTE if bench.quick else LARGE_SIZE
        large = {f"large{number}": size for number in range(LARGE_MEMBERS)}
        fill(small | large)
        self._small = list(User.objects.filter(username__in=small))
        self._large = list(User.objects.filter(username__in=large))

    def waits(self, export: Export, *, beside_large: bool) -> list[float]:
        """Let the small ones `export`, after the large ones; return how long the small ones waited, in seconds."""
        large = [launch(user, "archive") for user in self._large] if beside_large else []
        if large:
            wait_until(lambda: Task.objects.filter(status=TaskStatus.RUNNING).exists(), what="The first large one")
        small = export()
        wait_until(lambda: not Task.objects.active().exists(), TIMEOUT, what="The end of all exports")
        tasks = [succeeded(task) for task in small + large]
        waits = [wait_of(task) for task in tasks[: len(small)]]
        for task in tasks:
            forget(task)
        return waits

    def at_once(self) -> list[Task]:
        """Let all start together."""
        return [launch(user, "posts") for user in self._small]

    def one_after_another(self) -> list[Task]:
        """Let each start when the one before is over, as long as there are large ones if there were any."""
        tasks: list[Task] = []
        large = Task.objects.active()
        is_beside_large = large.exists()
        for user in self._small:
            if is_beside_large and len(tasks) > 1 and not large.exists():
                break
            task = launch(user, "posts")
            tasks.append(task)
            wait_until(lambda pk=task.pk: not Task.objects.active().filter(pk=pk).exists(), TIMEOUT)  # type: ignore[misc]
        return tasks


def launch(user: User, kind: str) -> Task:
    """Start an export."""
    return task_launch(user=user, name=KINDS[kind])


def wait_of(task: Task) -> float:
    """Return the seconds from the queue to the claim."""
    assert task.started_at
    return (task.started_at - task.queued_at).total_seconds()
