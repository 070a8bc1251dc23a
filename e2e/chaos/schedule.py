"""The faults of a run, generated from a seed, so that a failed run can be repeated."""

from dataclasses import dataclass
from random import Random
from signal import SIGKILL, SIGSTOP, SIGTERM, Signals


@dataclass(frozen=True)
class Strike:
    """Signals to a worker and to its work-horse."""

    worker: Signals | None = None
    horse: Signals | None = None
    twice: bool = False

    @property
    def ends_attempt(self) -> bool:
        """Return whether the attempt that the work-horse is at may not go on: without its worker alone it does."""
        return self.horse is not None or self.worker is SIGTERM


STRIKES = {
    "work-horse killed": Strike(horse=SIGKILL),
    "worker killed": Strike(worker=SIGKILL),
    "worker and work-horse killed": Strike(worker=SIGKILL, horse=SIGKILL),
    "worker told to stop": Strike(worker=SIGTERM),
    "worker told to stop twice": Strike(worker=SIGTERM, twice=True),
    "group told to stop": Strike(worker=SIGTERM, horse=SIGTERM),
    "worker frozen": Strike(worker=SIGSTOP),
    "work-horse frozen": Strike(horse=SIGSTOP),
}
QUEUE_FAULTS = ("queue killed", "queue emptied", "queue frozen")
MAIL_FAULTS = ("mail down", "mail refused", "mail stalled", "mail dropped")
DATABASE_KILLED = "database killed"
"""PostgreSQL; SQLite has no server."""
NO_WORKER = "no worker left"

WEIGHTS = {
    **dict.fromkeys(STRIKES, 6),
    "work-horse killed": 12,
    "worker and work-horse killed": 12,
    **dict.fromkeys(QUEUE_FAULTS, 4),
    **dict.fromkeys(MAIL_FAULTS, 4),
    DATABASE_KILLED: 4,
}
NO_WORKER_EVERY = 100
"""It takes half a minute, and so has its place in every hundred faults instead of a weight."""

LONGEST_PAUSE = 1.6  # seconds between two faults
LONGEST_DELAY = 0.06  # seconds between finding a running task and the fault


@dataclass(frozen=True)
class Fault:
    """One fault. The numbers from 0 to 1 choose among the processes that exist at that time."""

    kind: str
    pause: float
    """Seconds since the one before."""
    delay: float
    """Seconds from the moment in which there is something to strike at."""
    choice: float
    """Which worker."""
    length: float
    """How long it lasts, between the shortest and the longest time of its kind."""
    waits_for_task: bool
    """Whether to strike a worker with a running task; otherwise any, even idle or emailing."""

    def __str__(self) -> str:
        aim = "at a task" if self.waits_for_task else "at any"
        return f"{self.kind} (pause {self.pause:.2f}, {self.choice:.2f} {aim}, length {self.length:.2f})"


def make_schedule(seed: int, number: int, longest_pause: float = LONGEST_PAUSE) -> list[Fault]:
    """Return the faults of a seed, with pauses in seconds; a longer schedule begins like a shorter one."""
    random = Random(seed)
    place = random.randrange(NO_WORKER_EVERY // 2, NO_WORKER_EVERY)
    return [_fault(random, longest_pause, is_no_worker=index % NO_WORKER_EVERY == place) for index in range(number)]


def _fault(random: Random, longest_pause: float, *, is_no_worker: bool) -> Fault:
    [kind] = random.choices(list(WEIGHTS), list(WEIGHTS.values()))
    return Fault(
        kind=NO_WORKER if is_no_worker else kind,
        pause=random.uniform(0, longest_pause),
        delay=random.uniform(0, LONGEST_DELAY),
        choice=random.random(),
        length=random.random(),
        waits_for_task=random.random() < 0.7,
    )
