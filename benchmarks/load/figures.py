"""Percentiles, and whether something stayed as it was."""

import math
import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def growth(values: Sequence[float]) -> float:
    """Return the median of the last third of the values, as a multiple of the second third's; 1 of too few."""
    third = len(values) // 3
    if not third:
        return 1.0
    middle, last = statistics.median(values[third : 2 * third]), statistics.median(values[-third:])
    return last / middle if middle else 1.0
