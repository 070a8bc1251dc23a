"""A log line for each request: method, path, status and time."""

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

SLOW_SECONDS = 1.0
POLLED = health_urls.PATHS | {"/notifications/"}
"""The URLs that machines and open pages request every second: logged only if something is wrong."""


def access_log_middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Count and log each request. The time of a download ends when it begins."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - began
        if settings.METRICS_TOKEN:
            observe(request, response.status_code, seconds)
        is_usual = request.path in POLLED and response.status_code < 400 and seconds < SLOW_SECONDS  # noqa: PLR2004
        if settings.ACCESS_LOG and not is_usual:
            log_access(request, response.status_code, seconds)
        return response

    return middleware


def log_access(request: HttpRequest, status: int, seconds: float) -> None:
    """Write the line, without the query and without the keys of emailed links."""
    match = request.resolver_match
    path = f"/{match.route}" if match and "key" in match.kwargs else scrub(request.path)
    milliseconds = round(seconds * 1000)
    view = match.view_name if match else ""
    fields = {"method": request.method, "path": path, "view": view, "status": status, "milliseconds": milliseconds}
    logger.info("%s %s %s in %s ms", request.method, path, status, milliseconds, extra=fields)


def is_no_poll(record: logging.LogRecord) -> bool:
    """Return whether to keep a record of `django.server`: successful polls would hide the site's URL."""
    words = str(record.args[0]).split() if isinstance(record.args, tuple) and record.args else []
    return record.levelno > logging.INFO or len(words) < 2 or words[1].partition("?")[0] not in POLLED  # noqa: PLR2004
