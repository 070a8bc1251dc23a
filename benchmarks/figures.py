"""Measured figures with their limits, and the tables of them."""

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

NOISY = 1.25
"""The noise of a yardstick from which a miss may be the machine's."""
HEADINGS = ("figure", "database", "ours", "yardstick", "value", "must be", "met")


class UnavailableError(Exception):
    """A measurement needs something that this machine lacks; the message says what to install."""


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
    spread: tuple[float, float] | None = None
    """The least and the most of the rounds' values."""
    is_noisy: bool = False
    """Whether the yardstick itself varied much."""
    failed: bool = False
    """Whether it could not be measured, for no good reason."""

    @property
    def met(self) -> bool | None:
        """Return whether the value keeps the limit; None without either."""
        if self.limit is None or self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def is_unclear(self) -> bool:
        """Return whether the machine was too noisy to tell: some rounds kept the limit, others did not."""
        if self.limit is None or self.spread is None:
            return False
        return self.is_noisy and self.spread[0] <= self.limit <= self.spread[1]

    def row(self, *, judged: bool) -> tuple[str, ...]:
        """Return the cells, in the order of the headings; unjudged, what must be is not compared."""
        value = "" if self.value is None else f"{self.value:.2f}{self.unit}"
        limit = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:g}{self.unit}"
        if self.spread:
            value += f" ({self.spread[0]:.2f} to {self.spread[1]:.2f})"
        met = "noisy" if self.is_unclear else {None: "", True: "yes", False: "NO"}[self.met]
        if not judged:
            met = "-"
        return (self.name, self.database, self.ours, self.yardstick, value, limit, met)


def compared(
    name: str,
    database: str,
    *,
    ours: Sequence[float],
    yardstick: Sequence[float],
    what: str,
    limit: float,
    at_least: bool = False,
    shown: Callable[[float], str] | None = None,
) -> Figure:
    """Return the figure for the ratio of two series, measured in turn; its value is the median of the rounds' ratios.

    The series are of seconds unless `shown` writes them.
    """
    write = shown or seconds
    ratios = [mine / other for mine, other in zip(ours, yardstick, strict=True)]
    return Figure(
        name,
        database,
        write(statistics.median(ours)),
        f"{what} {write(statistics.median(yardstick))}",
        statistics.median(ratios),
        "",
        limit,
        at_least=at_least,
        spread=(min(ratios), max(ratios)) if len(ratios) > 1 else None,
        is_noisy=noise(yardstick) > NOISY,
    )


def noise(series: Sequence[float]) -> float:
    """Return how many times the lower quartile the upper one is; 1 on a machine that has nothing else to do."""
    if len(series) == 1:
        return 1.0
    lower, _median, upper = statistics.quantiles(series, n=4, method="inclusive")
    return upper / lower


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
    """Return a Markdown table for each theme, the part of a figure's name before the colon."""
    themes: dict[str, list[Sequence[str]]] = {}
    for row in rows:
        theme, colon, _ = row[0].partition(": ")
        themes.setdefault(theme if colon else "", []).append(row)
    return "\n\n".join(_theme(theme, members) for theme, members in themes.items())


def _theme(theme: str, rows: Sequence[Sequence[str]]) -> str:
    """Return the table of one theme: a row for each figure, a column for each database."""
    head = [f"**{theme}**" if theme else ""]
    cells: dict[str, list[str]] = {row[0].removeprefix(f"{theme}: "): [] for row in rows}
    for database in dict.fromkeys(row[1] for row in rows):
        found = {row[0].removeprefix(f"{theme}: "): row for row in rows if row[1] == database}
        # What all rows have in common is said once, in the head.
        labels, limits = ({_label(row[3]) for row in found.values()}, {row[5] for row in found.values()})
        label, limit = (common.pop() if len(common) == 1 else "" for common in (labels, limits))
        measured = " / ".join(filter(None, (database, label)))
        head.append(", ".join(filter(None, (measured, limit))))
        for name, line in cells.items():
            line.append(_cell(found[name], label, limit) if name in found else "")
    lines = [head, *([name, *line] for name, line in cells.items())]
    first, *others = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([first, "|" + "---|" * len(head), *others])


def _label(yardstick: str) -> str:
    """Return what a yardstick is called, without its figure."""
    return re.sub(r" [\d.]+( m?s| MB)?$", "", yardstick)


def _cell(row: Sequence[str], label: str, limit: str) -> str:
    """Return a row's figures in one cell, without the label and the limit that the head has."""
    _name, _database, ours, yardstick, value, own_limit, met = row
    other = yardstick.removeprefix(label).strip() if label else yardstick
    number, _, unit = ours.partition(" ")
    same_unit = bool(label) and other.partition(" ")[2] == unit
    text = f"{number}/{other}" if same_unit else ", ".join(filter(None, (ours, other)))
    if value and not _is_same(value, number):
        text += f": {value}"
    if own_limit and not limit:
        text += f" ({own_limit})"
    return text + {"NO": " **missed**", "noisy": " **too noisy to tell**"}.get(met, "")


def _is_same(value: str, shown: str) -> bool:
    """Return whether the number shown is the value, rounded."""
    decimals = len(shown.partition(".")[2])
    try:
        return abs(float(value.partition(" ")[0]) - float(shown)) <= 0.5 / 10.0**decimals
    except ValueError:
        return False
