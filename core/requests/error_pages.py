"""The site's error pages, which say the reason and what to do.

403 and 404 are Django's views with our templates, which show no exception's text.
"""

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin

from core.log_context import request_id
from core.requests import health_urls
from core.requests.problems import is_api_request, problem
from core.requests.redirects import is_background_request

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
RETRY_AFTER = 300  # seconds; the limits differ, and most are over by then


class NoRoomError(RequestDataTooBig):
    """The disk has no room for the file that was sent."""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show the reason of a BadRequest. The texts of other exceptions are for the log."""
    if isinstance(exception, NoRoomError):
        return render(request, "507.html", status=507)
    if isinstance(exception, TOO_LARGE):
        return render(request, "413.html", status=413)
    reason = str(exception) if isinstance(exception, BadRequest) else ""
    if reason and is_api_request(request):
        return problem(400, reason)
    return render(request, "400.html", {"reason": reason}, status=400)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Show the page for too many requests; django-allauth calls this when a rate limit is reached."""
    response = render(request, "429.html", {"minutes": RETRY_AFTER // 60}, status=429)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


class NotAllowedMiddleware(MiddlewareMixin):
    """Adds a page to Django's empty 405 response, except for machines and scripts."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Return the page instead of an empty response."""
        is_bare = isinstance(response, HttpResponseNotAllowed) and not response.content
        if not is_bare or request.path in health_urls.PATHS or is_background_request(request):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page


def server_error(request: HttpRequest) -> HttpResponse:
    """Show the error page without using the database or session, which may be broken."""
    return bare_page(request, "500.html", {"reference": request_id()}, status=500)


def bare_page(request: HttpRequest, template: str, context: dict[str, object], *, status: int) -> HttpResponse:
    """Render a page without database or session, in the request's language."""
    # Outside the middleware, this thread's language is another request's.
    language = getattr(request, "LANGUAGE_CODE", "") or translation.get_language_from_request(request)
    with translation.override(language):
        return HttpResponse(render_to_string(template, context), status=status)
