"""Count requests by view, method and status, and how long they took."""

import os

from django.http import HttpRequest
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Set where the processes of a web server share their counts: see `operations.gunicorn_hooks`."""

_own = CollectorRegistry()
_requests = Counter(
    "microblog_http_requests",
    "Requests that were answered; view is empty for addresses that are none of the site's.",
    ["view", "method", "status"],
    registry=_own,
)
_seconds = Histogram(
    "microblog_http_request_duration_seconds",
    "Time until the answer began.",
    ["view"],
    buckets=BUCKETS,
    registry=_own,
)


def observe(request: HttpRequest, status: int, seconds: float) -> None:
    """Count a request. Clients choose path and method, so unknown ones share one count."""
    view = request.resolver_match.view_name if request.resolver_match else ""
    method = request.method if request.method in METHODS else "other"
    _requests.labels(view, method, f"{status // 100}xx").inc()
    _seconds.labels(view).observe(seconds)


def collector() -> Collector:
    """Return the collector of this process's requests, or of all processes of this web server if there are several."""
    return MultiProcessCollector(None) if FOLDER in os.environ else _own
