"""Count what happens to tasks, files and emails, in rows that only grow: the metrics read them.

To count tasks would cost more with each of them, and totals would shrink when the housekeeping deletes some. An error
here stops nothing: the total misses one, and the log says so.
"""

import logging
from collections.abc import Iterable, Mapping
from functools import partial

from django.db import Error, connection, transaction

from tasks.models import Counter, Task, TaskStatus
from tasks.models.event import Reason

logger = logging.getLogger(__name__)

SEPARATOR = "|"
SUM = "sum"

SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
BYTES = tuple(float(10**power) for power in range(3, 11))
"""The limits of the classes into which durations and sizes are sorted; the last class has none."""


def event_count(task: Task, reason: Reason) -> None:
    """Count what has just happened to the task; call it in the transition's transaction."""
    amounts = counted("events", task.name, reason)
    if not task.is_active:
        amounts |= counted("tasks", task.name, task.status)
    if task.status == TaskStatus.SUCCEEDED and task.duration:
        amounts |= measured("seconds", task.name, value=task.duration.total_seconds(), limits=SECONDS)
    if task.status == TaskStatus.RUNNING and task.attempt == 1 and task.started_at:
        waited = task.started_at - task.created_at
        amounts |= measured("wait", task.queue, value=waited.total_seconds(), limits=SECONDS)
    count_later(amounts)


def counted(*words: str, amount: float = 1) -> dict[str, float]:
    """Return the total named by these words, and what is to be added to it."""
    return {SEPARATOR.join(words): amount}


def measured(*words: str, value: float, limits: Iterable[float]) -> dict[str, float]:
    """Return the totals of a measurement: of the class it falls into, and of the values."""
    limit = next((limit for limit in limits if value <= limit), float("inf"))
    return counted(*words, str(limit)) | counted(*words, SUM, amount=max(0.0, value))


def count_later(amounts: Mapping[str, float]) -> None:
    """Add to the totals when what has happened is committed: a row that many wait for is held for a moment only."""
    transaction.on_commit(partial(count_add, amounts))


def count_add(amounts: Mapping[str, float]) -> None:
    """Add to each of the totals; all of them in one statement, in one order, so that two never wait for each other."""
    table = connection.ops.quote_name(Counter._meta.db_table)
    rows = sorted(amounts.items())
    values = ", ".join(["(%s, %s)"] * len(rows))
    added = f"ON CONFLICT (name) DO UPDATE SET total = {table}.total + excluded.total"
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (name, total) VALUES {values} {added}",  # noqa: S608 - nothing of it is given
                [part for row in rows for part in row],
            )
    except Error:
        logger.warning("Not counted: %s", ", ".join(amounts), exc_info=True)


def counters(name: str) -> dict[tuple[str, ...], float]:
    """Return the totals whose first word is `name`, by the words after it."""
    rows = Counter.objects.filter(name__startswith=f"{name}{SEPARATOR}").values_list("name", "total")
    return {tuple(words.split(SEPARATOR)[1:]): total for words, total in rows}
