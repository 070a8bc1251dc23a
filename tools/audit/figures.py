"""Audit results with their limits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table; `details` say where the faults are."""

    name: str
    value: int
    limit: int
    details: tuple[str, ...] = ()
    is_score: bool = False
    """Whether more is better: a score, and no number of faults."""

    @property
    def is_met(self) -> bool:
        """Return whether the site is as good as is asked."""
        return self.value >= self.limit if self.is_score else self.value <= self.limit


def as_table(figures: list[Figure]) -> str:
    """Return the table, and below it the faults in detail."""
    width = max(len(figure.name) for figure in figures)
    lines = [f"{'':{width}}  figure   limit"]
    for figure in figures:
        limit = f"{'≥' if figure.is_score else '≤'} {figure.limit}"
        lines.append(f"{figure.name:{width}}  {figure.value:6}  {limit:>6}  {'met' if figure.is_met else 'MISSED'}")
    details = [f"\n{figure.name}:\n  " + "\n  ".join(figure.details) for figure in figures if figure.details]
    return "\n".join([*lines, *details])
