"""The results of a run: tables, and figures with limits."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.load.costs import Cost, Room
from benchmarks.load.figures import growth, percentile
from benchmarks.load.phase import Phase
from benchmarks.load.processes import WORK_HORSES

DATABASE = "postgresql"
PERCENTS = (50, 95, 99)
PERCENTILES = "/".join(f"p{percent}" for percent in PERCENTS)
FEWEST_SAMPLES = 30
"""Below that many, memory is not judged: nothing has been running for long enough."""
SLACK = 4e6
"""Bytes that a kind of process may grow by in any case: a few pages more in a small process are no growth."""

# What must hold with everything going on at once.
POLL_LIMIT = 1000  # milliseconds, of which a member who waits notices nothing: the next poll comes two seconds later
PAGE_LIMIT = 2000  # milliseconds
FAIRNESS = 3.0
MEMORY_GROWTH = 1.1


def judged(tenth: Phase, without: Phase, full: Phase) -> Iterator[Figure]:
    """Yield what must hold."""
    phases = (tenth, without, full)
    yield figure("errors, of all requests and exports", sum(phase.errors for phase in phases), limit=0)
    for what, limit in (("poll", POLL_LIMIT), ("page", PAGE_LIMIT)):
        ours, other = (percentile(phase.outcome.requests.get(what, []), 95) for phase in (full, tenth))
        yield figure(f"{what}, p95", ours, unit=" ms", limit=limit, yardstick=f"a tenth {other:.0f} ms")
    ours, other = (percentile(phase.waits.get("small", []), 95) for phase in (full, without))
    yardstick = f"without the large ones {other:.2f} s"
    yield figure(
        "a small export's wait, p95", ours / max(other, 0.1), ours=f"{ours:.2f} s", yardstick=yardstick, limit=FAIRNESS
    )
    for kind, samples in full.memory.items():
        if kind != WORK_HORSES and len(samples) >= FEWEST_SAMPLES:
            yield memory_figure(kind, samples)


def memory_figure(kind: str, samples: Sequence[float]) -> Figure:
    """Return the figure that says whether a kind of process has grown."""
    last = percentile(samples[-len(samples) // 3 :], 50)
    value = growth(samples)
    if last - last / value <= SLACK:
        value = min(value, 1.0)
    return figure(
        f"memory of {kind}, last third of the time",
        value,
        ours=f"{last / 1e6:.0f} MB",
        yardstick="second third",
        limit=MEMORY_GROWTH,
    )


def figure(name: str, value: float, *, limit: float, unit: str = "", ours: str = "", yardstick: str = "") -> Figure:
    """Return a figure of the table."""
    return Figure(name, DATABASE, ours or f"{value:.0f}{unit}", yardstick, value, unit, limit)


def requests_table(tenth: Phase, full: Phase) -> str:
    """Return the number of requests of each kind and how long they took, beside a tenth of the load."""
    rows = [["", "number", "a second", PERCENTILES, f"a tenth of the load: {PERCENTILES}"]]
    for what in sorted(full.outcome.requests, key=lambda what: -len(full.outcome.requests[what])):
        times = full.outcome.requests[what]
        row = [what, f"{len(times):,}", f"{len(times) / full.outcome.seconds:.1f}"]
        rows.append([*row, _milliseconds(times), _milliseconds(tenth.outcome.requests.get(what, []))])
    return markdown(rows)


def exports_table(phases: Sequence[Phase]) -> str:
    """Return how long the exports waited and took, by size."""
    rows = [["", "exports", "a minute", f"wait: {PERCENTILES}", "click to success"]]
    for phase in phases:
        for size in sorted(phase.waits, reverse=True):
            exports = [export for export in phase.exports if export.size == size]
            rate = 60 * len(exports) / phase.exporting_seconds
            times = [export.seconds for export in exports]
            row = [f"{phase.name}: {size}", str(len(exports)), f"{rate:.0f}"]
            rows.append([*row, _seconds(phase.waits[size]), _seconds(times)])
    return markdown(rows)


def memory_table(full: Phase) -> str:
    """Return the memory over time, and the processors kept busy."""
    parts = 4
    rows = [["", "memory in each quarter", "most", "processors busy"]]
    for kind, samples in full.memory.items():
        quarter = max(1, len(samples) // parts)
        medians = [percentile(samples[place * quarter : (place + 1) * quarter], 50) for place in range(parts)]
        busy = f"{full.cpu[kind]:.2f}" if kind in full.cpu else "in its worker's"
        over_time = "/".join(f"{median / 1e6:.0f}" for median in medians)
        rows.append([kind, f"{over_time} MB", f"{max(samples, default=0) / 1e6:.0f} MB", busy])
    rows.append(["the simulated members", "", "", f"{full.cpu['crowd']:.2f}"])
    return markdown(rows)


def costs_table(costs: Sequence[Cost]) -> str:
    """Return the processor time that each costs, by kind of process."""
    kinds = list(costs[0].milliseconds)
    rows = [["milliseconds of processor time", "measured", *kinds, "together"]]
    for cost in costs:
        parts = [f"{cost.milliseconds[kind]:.2f}" for kind in kinds]
        rows.append([cost.name, str(cost.number), *parts, f"{cost.total:.2f}"])
    return markdown(rows)


def rooms_table(rooms: Sequence[Room]) -> str:
    """Return how many bytes each takes."""
    return markdown([["size of", "bytes"], *([room.name, f"{room.each:,.0f}"] for room in rooms)])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown; its first row is the head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def write(page: Path, figures: str, place: str) -> None:
    """Put the figures on a page, between `<!-- place -->` and `<!-- end of place -->`."""
    marks = re.compile(rf"(<!-- {place} -->\n).*(<!-- end of {place} -->)", re.DOTALL)
    page.write_text(marks.sub(lambda found: f"{found[1]}{figures}\n{found[2]}", page.read_text()))


def _milliseconds(times: Sequence[float]) -> str:
    return f"{'/'.join(f'{percentile(times, percent):.0f}' for percent in PERCENTS)} ms" if times else ""


def _seconds(times: Sequence[float]) -> str:
    return f"{'/'.join(f'{percentile(times, percent):.1f}' for percent in PERCENTS)} s" if times else ""
