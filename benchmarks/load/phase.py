"""One phase of a run: so many members poll and read, and those who export all click at once."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.load.crowd import crowd
from benchmarks.load.plan import Export, Member, Outcome, Plan
from benchmarks.load.population import as_of_now
from benchmarks.load.processes import CpuMeter, MemoryWatch
from e2e.whole_site import WholeSite
from tasks.models import Task

READ_EVERY = 120.0  # seconds, on average, between two pages of a member with an open tab
EXPORTS_AT = 12.0  # seconds: by then all have polled


@dataclass
class Phase:
    """A phase of the load test and its results."""

    name: str
    members: int
    outcome: Outcome
    waits: dict[str, list[float]]
    """By size: the seconds that each export waited for a worker."""
    exporting_seconds: float
    """From the first click to the end of the last export."""
    memory: dict[str, list[float]]
    """By kind of process: bytes, once a second."""
    cpu: dict[str, float]
    """By kind of process: how many processors it kept busy."""

    @property
    def exports(self) -> list[Export]:
        """Return what was exported."""
        return self.outcome.exports

    @property
    def errors(self) -> int:
        """Return the number of answers that were none."""
        return sum(self.outcome.errors.values())


def run_phase(name: str, site: WholeSite, members: Sequence[Member], *, seconds: float) -> Phase:
    """Let the members live for so many seconds, or until the last export is over; return what came of it."""
    plan = Plan(site.port, as_of_now(members), seconds, read_every=READ_EVERY, exports_at=min(EXPORTS_AT, seconds / 4))
    with ExitStack() as stack:
        watch = stack.enter_context(MemoryWatch(site))
        meter = CpuMeter(site)
        outcome = stack.enter_context(crowd(plan)).outcome()
        cpu = {kind: used / meter.seconds for kind, used in meter.read().items()}
    cpu["crowd"] = outcome.cpu_seconds / outcome.seconds
    waits, exporting_seconds = times_of(outcome.exports)
    return Phase(name, len(members), outcome, waits, exporting_seconds, watch.samples, cpu)


def times_of(exports: Sequence[Export]) -> tuple[dict[str, list[float]], float]:
    """Return the seconds that the exports waited for a worker, by size; and those from the first click to the end."""
    waits: dict[str, list[float]] = {}
    tasks = {str(task.pk): task for task in Task.objects.filter(pk__in=[one.task_id for one in exports if one.task_id])}
    for export in exports:
        task = tasks.get(export.task_id)
        if task and task.started_at:
            waits.setdefault(export.size, []).append((task.started_at - task.queued_at).total_seconds())
    ends = [task.ended_at for task in tasks.values() if task.ended_at]
    if not ends:
        return waits, 0.0
    return waits, (max(ends) - min(task.created_at for task in tasks.values())).total_seconds()
