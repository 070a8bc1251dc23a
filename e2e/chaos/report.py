"""The results of a run, as text and tables."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

FIGURES = re.compile(r"(<!-- figures -->\n).*(\n<!-- end of figures -->)", re.DOTALL)
HOSTS_FIGURES = re.compile(r"(<!-- hosts -->\n).*(\n<!-- end of hosts -->)", re.DOTALL)
DISTRIBUTION = ["median", "95 %", "longest"]


@dataclass(frozen=True)
class Promise:
    """Something that must not take longer than `limit` seconds, and how long it took each time."""

    name: str
    limit: float
    times: Sequence[float]

    @property
    def is_kept(self) -> bool:
        """Return whether it never took longer."""
        return max(self.times, default=0.0) <= self.limit


def faults_table(
    counts: Counter[str], during_imports: Counter[str], running_again: Mapping[str, Sequence[float]]
) -> str:
    """Return a table of the faults: how often each, and how long until the attempts that it ended ran again."""
    rows = [["fault", "injected", "during an import", "attempts ended", *DISTRIBUTION]]
    for kind in sorted(counts):
        times = running_again.get(kind, [])
        rows.append([kind, str(counts[kind]), str(during_imports[kind]), str(len(times)), *_distribution(times)])
    every = [seconds for times in running_again.values() for seconds in times]
    rows.append(["all", str(counts.total()), str(during_imports.total()), str(len(every)), *_distribution(every)])
    return as_table(rows)


def promises_table(promises: Sequence[Promise]) -> str:
    """Return a table of what was promised, and how it was kept."""
    rows = [["promise", "times", *DISTRIBUTION, "at most", "kept"]]
    for promise in promises:
        kept = "yes" if promise.is_kept else "NO"
        times = promise.times
        rows.append([promise.name, str(len(times)), *_distribution(times), f"{promise.limit:g} s", kept])
    return as_table(rows)


def in_words(counts: Counter[str]) -> str:
    """Return such as "3 failed, 25 succeeded", or "none"."""
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "none"


def write(page: Path, figures: str, marks: re.Pattern[str] = FIGURES) -> None:
    """Put the figures between their marks on a page."""
    page.write_text(marks.sub(lambda found: found[1] + figures + found[2], page.read_text()))


def _distribution(times: Sequence[float]) -> list[str]:
    if not times:
        return [""] * len(DISTRIBUTION)
    ordered = sorted(times)
    high = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return [f"{seconds:.1f} s" for seconds in (median(ordered), high, ordered[-1])]


def as_table(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first row is its head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
