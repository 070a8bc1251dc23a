"""Metrics from plain figures: a dict from the labels' values to the number."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from tasks.services.counters import SUM

PREFIX = "microblog_"

Values = Mapping[Any, float]
"""A number for each tuple of the labels' values."""


def gauge(name: str, words: str, labels: str, values: Values) -> GaugeMetricFamily:
    """Return a gauge; `labels` are the names of the labels, separated by spaces."""
    family = GaugeMetricFamily(PREFIX + name, words, labels=labels.split())
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def counter(name: str, words: str, labels: str, values: Values) -> CounterMetricFamily:
    """Return a counter, whose samples end in `_total`."""
    family = CounterMetricFamily(PREFIX + name, words, labels=labels.split())
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def histogram(
    name: str, words: str, label: str, wanted: Iterable[str], *, totals: Values, limits: Iterable[float]
) -> HistogramMetricFamily:
    """Return a histogram with one label, from the totals of `tasks.services.counters.measured`.

    Prometheus expects cumulative buckets: each counts everything up to its limit.
    """
    family = HistogramMetricFamily(PREFIX + name, words, labels=[label])
    every = [*limits, float("inf")]
    for value in wanted:
        count = 0.0
        buckets = []
        for limit in every:
            count += totals.get((value, str(limit)), 0.0)
            buckets.append((floatToGoString(limit), count))
        family.add_metric([value], buckets, totals.get((value, SUM), 0.0))
    return family
