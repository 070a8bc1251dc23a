"""What was measured, beside what it must be, and the table of it all."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HEADINGS = ("figure", "database", "ours", "yardstick", "value", "must be", "met")


class UnavailableError(Exception):
    """Something that a measurement needs is not on this machine; the text says what, and what to do."""


@dataclass(frozen=True)
class Figure:
    """One line of the table. Without a `limit` it is for information."""

    name: str
    database: str
    ours: str
    yardstick: str = ""
    value: float | None = None
    unit: str = ""
    limit: float | None = None
    at_least: bool = False
    """Whether `limit` is the least that the value must be, instead of the most."""
    failed: bool = False
    """Whether it could not be measured, for no good reason."""

    @property
    def met(self) -> bool | None:
        """Return whether the value keeps the limit; None without either."""
        if self.limit is None or self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self, *, judged: bool) -> tuple[str, ...]:
        """Return the cells, in the order of the headings; unjudged, what must be is not compared."""
        value = "" if self.value is None else f"{self.value:.2f}{self.unit}"
        limit = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:g}{self.unit}"
        met = {None: "", True: "yes", False: "NO"}[self.met] if judged else "-"
        return (self.name, self.database, self.ours, self.yardstick, value, limit, met)


def compared(
    name: str, database: str, *, ours: Sequence[float], yardstick: Sequence[float], what: str, limit: float
) -> Figure:
    """Return the figure that compares the medians of two series of seconds."""
    mine, other = statistics.median(ours), statistics.median(yardstick)
    return Figure(name, database, seconds(mine), f"{what} {seconds(other)}", mine / other, "", limit)


def in_turn(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """Do the works in turn, `rounds` times, so that a slow moment of the machine meets all; return their results."""
    results: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, series in zip(works, results, strict=True):
            series.append(work())
    return results


def seconds(value: float) -> str:
    """Return a duration as text."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def megabytes(size: float) -> str:
    """Return a number of bytes as text."""
    return f"{size / 1e6:.1f} MB"


def as_text(rows: Iterable[Sequence[str]]) -> str:
    """Return the table for a terminal."""
    lines = [HEADINGS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)


def as_markdown(rows: Iterable[Sequence[str]]) -> str:
    """Return the table as Markdown."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
