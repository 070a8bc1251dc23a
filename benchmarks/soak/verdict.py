"""The verdict on growth: compares each sample's last third of the time with its second third.

What is kept of each export for a time may be more when there were more exports in that time, and by as much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load.figures import percentile
from benchmarks.load.report import markdown

LIMIT = 1.1
# What anything may vary by in any case, by the beginning of its name.
SLACKS = {
    "memory": 8.0,  # MB
    "data": 1.0,  # MB
    "size": 20.0,  # MB: what is kept differs by a large archive
    "open files": 40,  # connections that wait, too
    "connections": 6,
    "keys": 60,
    "rows": 60,
    "files": 20,
    "exports": 1e9,  # as many as the members like
}

OF_EXPORTS = ("rows of exports_", "rows of notifications_", "keys", "files in var/exports", "size", "data")
DUE = "exports of which something is kept"


@dataclass(frozen=True)
class Growth:
    """One thing over time."""

    name: str
    values: Sequence[float]
    due: Sequence[float] = ()
    """The exports of which something was kept at each of the times."""

    @property
    def thirds(self) -> tuple[float, float, float]:
        """Return the medians of the first, the second and the last third of the time."""
        third = max(1, len(self.values) // 3)
        parts = self.values[:third], self.values[third : 2 * third], self.values[-third:]
        first, second, last = (percentile(part, 50) for part in parts)
        return first, second, last

    @property
    def more_exports(self) -> float:
        """Return how many times as many exports something is kept of in the last third; 1 for fewer."""
        if not self.due or not self.name.startswith(OF_EXPORTS):
            return 1.0
        _first, second, last = Growth(DUE, self.due).thirds
        return max(1.0, last / max(1.0, second))

    @property
    def has_grown(self) -> bool:
        """Return whether it is more than it was, beyond what it varies by anyway."""
        _first, second, last = self.thirds
        slack = next(slack for beginning, slack in SLACKS.items() if self.name.startswith(beginning))
        return last > max(second * LIMIT, second + slack) * self.more_exports


def table(growths: Sequence[Growth]) -> str:
    """Return the medians over time of everything that changed, and then what never did."""
    rows = [["", "first/second/last third/most"]]
    constant = []
    for growth in growths:
        if len(set(growth.values)) == 1:
            constant.append(f"{growth.name} {growth.values[0]:,.0f}")
            continue
        name = f"{growth.name}: **grows**" if growth.has_grown else growth.name
        rows.append([name, "/".join(f"{value:,.0f}" for value in (*growth.thirds, max(growth.values)))])
    return f"{markdown(rows)}\n\nUnchanged: {'; '.join(constant) or 'nothing'}."
