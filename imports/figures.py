"""Figures about imports, for the metrics."""

from collections.abc import Mapping

from django.db.models import Count, Sum

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


def kept_uploads() -> dict[str, int]:
    """Return the number of the uploaded files that are kept, and their bytes, by their rows."""
    kept = Import.objects.exclude(file="").aggregate(files=Count("pk"), bytes=Sum("size"))
    return {"files": kept["files"], "bytes": kept["bytes"] or 0}
