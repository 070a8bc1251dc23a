"""Closing the site while it is worked on: by MAINTENANCE in the environment, or a file that a command switches."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from core.requests import health_urls
from core.requests.error_pages import bare_page

RETRY_AFTER = 120  # seconds


def switch() -> Path:
    """Return the file that closes the site, on this machine, while it is there."""
    return Path(settings.VAR_DIR) / "maintenance"


def is_on() -> bool:
    """Return whether the site is closed; it costs one look at the disk, and no restart is needed."""
    return bool(settings.MAINTENANCE) or switch().exists()


class MaintenanceMiddleware(MiddlewareMixin):
    """Answers everything with 503 and a page while the site is closed, before anything asks the database.

    What WhiteNoise serves comes before it; what machines ask is exempt, or a closed site would be restarted.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Say that the site is closed, and that nothing was saved."""
        if not is_on() or request.path in health_urls.PATHS:
            return None
        was_sent = request.method not in {"GET", "HEAD"}
        context = {"was_sent": was_sent, "address": request.get_full_path()}
        response = bare_page(request, "503.html", context, status=503)
        response["Retry-After"] = str(RETRY_AFTER)
        response["Cache-Control"] = "no-store"
        return response
