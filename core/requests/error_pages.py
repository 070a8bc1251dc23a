"""The pages of what goes wrong: the site's own, with the reason in them and what to do now.

403 and 404 are Django's own views with our templates; those show no words of an exception, which are for the log.
"""

from collections.abc import Callable

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation

from core.log_context import request_id
from core.requests import health_urls
from core.requests.redirects import is_background_request

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
RETRY_AFTER = 300  # seconds; the limits differ, and most are over by then


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show what was wrong; Django's own handler shows neither the reason nor the site's navigation.

    Only our own words are shown: those of other exceptions are meant for the log.
    """
    if isinstance(exception, TOO_LARGE):
        return render(request, "413.html", status=413)
    reason = str(exception) if isinstance(exception, BadRequest) else ""
    return render(request, "400.html", {"reason": reason}, status=400)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Ask whoever is too fast to wait; django-allauth calls this when one of its rate limits is reached."""
    response = render(request, "429.html", {"minutes": RETRY_AFTER // 60}, status=429)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


class NotAllowedMiddleware:
    """Gives 405 a page: Django's answer is empty. Machines and scripts need none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        response = self.get_response(request)
        is_bare = isinstance(response, HttpResponseNotAllowed) and not response.content
        if not is_bare or request.path in health_urls.PATHS or is_background_request(request):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that the mistake is ours, asking nothing that may be what is broken: neither database nor session."""
    return bare_page(request, "500.html", {"reference": request_id()}, status=500)


def bare_page(request: HttpRequest, template: str, context: dict[str, object], *, status: int) -> HttpResponse:
    """Return a page made without database or session, in the visitor's language as far as the request tells it."""
    # The middleware may not have come to it yet, or be over; this thread's language is then somebody else's.
    language = getattr(request, "LANGUAGE_CODE", "") or translation.get_language_from_request(request)
    with translation.override(language):
        return HttpResponse(render_to_string(template, context), status=status)
