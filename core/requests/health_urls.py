"""The URLs that machines request: load balancers, supervisors, Prometheus."""

from collections.abc import Callable
from logging import LogRecord

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class ProbeMiddleware:
    """Accepts any Host header for these URLs: machines know a server by its own address.

    The responses don't depend on it. SECURE_REDIRECT_EXEMPT lets them use plain HTTP.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if request.path in PATHS:
            request.META["HTTP_HOST"] = settings.SITE_HOST
            request.META.pop("HTTP_X_FORWARDED_HOST", None)
        return self.get_response(request)


def is_news(record: LogRecord) -> bool:
    """Return whether a line of `django.request` says what nothing else says.

    A load balancer asks every second; that something has begun to fail, and why, is logged once, where it is found.
    """
    request = getattr(record, "request", None)
    return not isinstance(request, HttpRequest) or request.path not in PATHS
