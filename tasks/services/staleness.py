"""A second look before a stale task is taken from its worker: a clock that jumped makes living tasks look stale."""

import time
from collections.abc import Callable, Iterable

from django.conf import settings

from tasks.models import Task

HEARTBEATS_BETWEEN_LOOKS = 3
"""Heartbeats that a living task would send between the two looks."""


class StalenessTracker:
    """Remembers when this process first saw a heartbeat as old as it is, by a clock that nobody can set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with no memory; `clock` counts seconds."""
        self._clock = clock
        self._seen: dict[tuple[object, ...], float] = {}

    def confirmed(self, stale: Iterable[Task]) -> list[Task]:
        """Return the stale tasks that sent no heartbeat between two looks, HEARTBEATS_BETWEEN_LOOKS apart."""
        now = self._clock()
        looks = {(task.pk, task.attempt, task.heartbeat_at): task for task in stale}
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen < settings.EXPORT_JOB_TIMEOUT}
        return [task for key, task in looks.items() if self._is_confirmed(key, now)]

    def _is_confirmed(self, key: tuple[object, ...], now: float) -> bool:
        return now - self._seen.setdefault(key, now) >= HEARTBEATS_BETWEEN_LOOKS * settings.EXPORT_PROGRESS_INTERVAL
