"""Close the site for maintenance."""

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from core import maintenance
from core.requests import health_urls
from core.requests.error_pages import bare_page

RETRY_AFTER = 120  # seconds


class MaintenanceMiddleware(MiddlewareMixin):
    """Answers every request with a 503 page while the site is closed, before any database query.

    Static files are still served. Health checks are exempt: otherwise a supervisor would restart the closed site.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Return the page, which says after a POST that nothing was saved."""
        if not maintenance.is_closed() or request.path in health_urls.PATHS:
            return None
        was_sent = request.method not in {"GET", "HEAD"}
        context = {"was_sent": was_sent, "address": request.get_full_path()}
        response = bare_page(request, "503.html", context, status=503)
        response["Retry-After"] = str(RETRY_AFTER)
        response["Cache-Control"] = "no-store"
        return response
