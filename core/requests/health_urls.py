"""The URLs that machines request: load balancers, supervisors, Prometheus."""

from logging import LogRecord

from django.conf import settings
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class ProbeMiddleware(MiddlewareMixin):
    """Accepts any Host header for these URLs: machines know a server by its own address.

    The responses don't depend on it. SECURE_REDIRECT_EXEMPT lets them use plain HTTP.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Replace the Host header by the site's own."""
        if request.path in PATHS:
            request.META["HTTP_HOST"] = settings.SITE_HOST
            request.META.pop("HTTP_X_FORWARDED_HOST", None)


def is_loggable(record: LogRecord) -> bool:
    """Return whether to keep a line of `django.request`: not one about a health check.

    A load balancer sends one every second, and a check's change of status is logged once, with the reason.
    """
    request = getattr(record, "request", None)
    return not isinstance(request, HttpRequest) or request.path not in PATHS
