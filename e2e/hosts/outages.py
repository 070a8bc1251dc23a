"""Outages: one host after another is cut off or loses power, and members' waits are measured."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connections
from django.utils import timezone

from e2e.chaos.report import as_table
from e2e.hosts.site import Site
from e2e.hosts.visitors import Visit
from tasks.models import Task, TaskStatus
from tests.waiting import LIMIT, wait_until

LONGEST_ANSWER = 20.0  # seconds, at most, that a page makes its reader wait for any host
EXPORTS_AGAIN = 60.0  # seconds, at most, after the host is back
RECOVERY_LIMIT = 180.0  # seconds that the measuring waits


@dataclass
class Outage:
    """An outage and its effects; times in seconds."""

    host: str
    way: str
    seconds: float
    longest: float = 0.0
    """The longest that a living web machine took to answer."""
    page: str = ""
    """Which page that was."""
    answers: Counter[str] = field(default_factory=Counter)
    succeeded: int = 0
    """Exports that ended in success meanwhile."""
    again: float = 0.0
    """From the host's return until an export that was started after it had succeeded."""
    settled: float = 0.0
    """From the host's return until all that had been under way was over."""

    @property
    def failed(self) -> int:
        """Return how many requests had an error for an answer, or none."""
        return sum(number for answer, number in self.answers.items() if not answer.startswith(("2", "3")))

    def problems(self) -> list[str]:
        """Return what took too long."""
        what = f"{self.host} {self.way}"
        found = [f"{what}: {self.page} took {self.longest:.1f} s"] if self.longest > LONGEST_ANSWER else []
        late = max(self.again, self.settled)
        return found + ([f"{what}: exports ran again after {late:.1f} s"] if late > EXPORTS_AGAIN else [])


def suffer(site: Site, name: str, way: str, seconds: float, *, since: float) -> Outage:
    """Have a host go while exports run, for so many seconds; return what came of it when all is well again.

    What was asked before `since` (the end of the outage before) may have been taken along by that one's machine.
    """
    outage = Outage(name, way, seconds)
    host = site.hosts[name]
    wait_until(lambda: site.is_at_work(name), LIMIT, what="An export")
    connections.close_all()
    started, started_at = time.monotonic(), timezone.now()
    host.cut_off() if way == "cut off" else host.lose_power()
    assert site.is_silent(name), f"{name} answers though it is {way}"
    time.sleep(seconds)
    ended_at = timezone.now()
    host.reconnect() if way == "cut off" else site.boot(name)
    ended, back_at = time.monotonic(), timezone.now()
    outage.again = _seconds_until(
        Task.objects.filter(created_at__gt=back_at, status=TaskStatus.SUCCEEDED).exists, ended
    )
    older = Task.objects.active().filter(created_at__lt=back_at)
    outage.settled = _seconds_until(lambda: not older.exists(), ended)
    meanwhile = Task.objects.filter(ended_at__gt=started_at, ended_at__lt=ended_at)
    outage.succeeded = meanwhile.filter(status=TaskStatus.SUCCEEDED).count()
    visits = [visit for visit in site.visits() if visit.ended > started and visit.started > since]
    _look_at_visits(outage, visits, host.address)
    return outage


def _seconds_until(condition: Callable[[], bool], since: float) -> float:
    wait_until(condition, RECOVERY_LIMIT, interval=0.1)
    return time.monotonic() - since


def _look_at_visits(outage: Outage, visits: list[Visit], address: str) -> None:
    """Note how the members' requests were answered; those that a machine took with it were not."""
    outage.answers = Counter(str(visit.status or "no answer") for visit in visits)
    answered = [visit for visit in visits if visit.machine != address]
    if answered:
        slowest = max(answered, key=lambda visit: visit.seconds)
        outage.longest, outage.page = slowest.seconds, slowest.page


def outages_table(outages: list[Outage]) -> str:
    """Return a table of all outages."""
    head = [
        "host",
        "outage",
        "longest response",
        "failed/all responses",
        "exports during it",
        "recovery of new/older exports",
    ]
    rows = [
        [
            outage.host,
            f"{outage.way}, {outage.seconds:g} s",
            f"{outage.longest:.1f} s ({outage.page})",
            f"{outage.failed}/{outage.answers.total()}",
            str(outage.succeeded),
            f"{outage.again:.1f}/{outage.settled:.1f} s",
        ]
        for outage in outages
    ]
    return as_table([head, *rows])
