"""The members' wait after a fault: the promise's two figures, measured from outside by rows and polls."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from uuid import UUID

from django.db import connection

from e2e.chaos.outages import outage_ignored
from tasks.models import Task, TaskStatus

RUNS_AGAIN = 60.0  # seconds, at most, while a worker is alive
SAYS_SO = 30.0  # seconds, at most, when none is
LOOK_EVERY = 0.05  # seconds: what is measured is too long by so much, never too short

IsTold = Callable[[Task], bool]
"""Whether the task's member has been told that no worker is there."""


@dataclass
class Death:
    """An attempt that a fault ended."""

    fault: str
    attempt: int
    seconds: float = 0.0
    """Since then, as far as a worker was alive."""


class Recoveries:
    """Looks at the tasks again and again, and notes how long each took to run again, and each member to be told."""

    def __init__(
        self, is_worker_alive: Callable[[], bool], is_any_at_work: Callable[[], bool], is_told: IsTold
    ) -> None:
        self.running_again: dict[str, list[float]] = defaultdict(list)  # by fault: seconds
        self.told: list[float] = []  # seconds
        self._is_worker_alive = is_worker_alive
        self._is_any_at_work = is_any_at_work
        self._is_told = is_told
        self._deaths: dict[UUID, Death] = {}
        self._untold: dict[UUID, float] = {}  # by task: when it began to wait in the dark
        self._told: set[UUID] = set()  # in this darkness
        self._lock = Lock()
        self._is_over = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what has not recovered by now counts with the time until now."""
        self._is_over.set()
        self._thread.join()
        while self._deaths:
            _pk, death = self._deaths.popitem()
            self.running_again[death.fault].append(death.seconds)

    def attempts_ended(self, fault: str, tasks: Iterable[Task]) -> None:
        """Note that `fault` has just struck the running attempts of `tasks`; what struck one first counts."""
        with self._lock:
            for task in tasks:
                if self._deaths.get(task.pk) is None or self._deaths[task.pk].attempt < task.attempt:
                    self._deaths[task.pk] = Death(fault, task.attempt)

    @property
    def is_waiting(self) -> bool:
        """Return whether an attempt that was ended has not recovered yet."""
        return bool(self._deaths)

    def all_are_told(self) -> bool:
        """Return whether every member who waits without any worker has been told so."""
        return bool(self._told) and not self._untold

    def _run(self) -> None:
        before = time.monotonic()
        while not self._is_over.wait(LOOK_EVERY):
            now = time.monotonic()
            with self._lock, outage_ignored():
                self._look_at_deaths(now - before)
                self._look_at_the_dark(now)
            before = now
        connection.close()

    def _look_at_deaths(self, passed: float) -> None:
        if self._is_worker_alive():
            for death in self._deaths.values():
                death.seconds += passed
        for task in Task.objects.filter(pk__in=list(self._deaths)):
            death = self._deaths[task.pk]
            if task.attempt > death.attempt or not task.is_active:
                del self._deaths[task.pk]
                # The fault didn't end an attempt that succeeded.
                if (task.attempt, task.status) != (death.attempt, TaskStatus.SUCCEEDED):
                    self.running_again[death.fault].append(death.seconds)

    def _look_at_the_dark(self, now: float) -> None:
        active = {} if self._is_any_at_work() else {task.pk: task for task in Task.objects.active()}
        self._give_up_waiting(active, now)
        for pk in active.keys() - self._told:
            since = self._untold.setdefault(pk, now)
            if self._is_told(active[pk]):
                self.told.append(now - since)
                self._told.add(pk)
                del self._untold[pk]

    def _give_up_waiting(self, active: Collection[UUID], now: float) -> None:
        """Forget the tasks that wait no more; one whose member should have been told by then counts."""
        self._told &= set(active)
        for pk in set(self._untold) - set(active):
            seconds = now - self._untold.pop(pk)
            if seconds > SAYS_SO:
                self.told.append(seconds)
