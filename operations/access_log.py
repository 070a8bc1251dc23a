"""A line a request: who asks for what, how it is answered, and how long that takes."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.requests import health_urls
from operations.metrics.requests import observe
from operations.scrubbing import scrub

logger = logging.getLogger(__name__)

SLOW = 1.0  # seconds
QUIET = health_urls.PATHS | {"/notifications/"}
"""What machines and open pages ask all the time: a line a second for each says nothing, unless something is wrong."""

Answer = Callable[[HttpRequest], HttpResponseBase]


class AccessMiddleware:
    """Counts each request, and logs it, but for those of QUIET that are answered fast and well."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, and take the time. That of a download is the time until it begins."""
        began = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        if settings.METRICS_TOKEN:
            observe(request, response.status_code, seconds)
        if settings.ACCESS_LOG and not is_quiet(request, response.status_code, seconds):
            log_access(request, response.status_code, seconds)
        return response


class PollFilter(logging.Filter):
    """Leaves successful polls out of the development server's lines: they would scroll the site's address away."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to keep a record of `django.server`, whose first argument is the request line."""
        words = str(record.args[0]).split() if isinstance(record.args, tuple) and record.args else []
        is_poll = len(words) > 1 and words[1].partition("?")[0] in QUIET
        return record.levelno > logging.INFO or not is_poll


def is_quiet(request: HttpRequest, status: int, seconds: float) -> bool:
    """Return whether a request is one of very many, of which there is nothing to be said."""
    return request.path in QUIET and status < 400 and seconds < SLOW  # noqa: PLR2004 - HTTP's


def log_access(request: HttpRequest, status: int, seconds: float) -> None:
    """Write the line. What stands behind the question mark is nobody's business, nor are the keys out of mails."""
    match = request.resolver_match
    path = f"/{match.route}" if match and "key" in match.kwargs else scrub(request.path)
    milliseconds = round(seconds * 1000)
    view = match.view_name if match else ""
    fields = {"method": request.method, "path": path, "view": view, "status": status, "milliseconds": milliseconds}
    logger.info("%s %s %s in %s ms", request.method, path, status, milliseconds, extra=fields)
