"""Figures about imports, for the metrics."""

from collections.abc import Mapping

from imports.models import Import
from tasks.services.counters import count_later, counted, counters

OUTCOMES = ("imported", "known", "left_out")


def entries_count(amounts: Mapping[str, int]) -> None:
    """Add what an import has made of its archive's entries, by outcome, to the totals, on commit."""
    for outcome, amount in amounts.items():
        count_later(counted("entries", outcome, amount=amount))


def entry_counts() -> dict[tuple[str, ...], float]:
    """Return how many entries of archives imports have dealt with, by outcome."""
    return dict.fromkeys(((outcome,) for outcome in OUTCOMES), 0.0) | counters("entries")


def files_kept() -> int:
    """Return the number of files that wait for their import's end, by their rows: a bucket is not asked."""
    return Import.objects.exclude(file="").count()
