"""The pages of a bad request and of too many: the site's own, with the reason in them."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

RETRY_AFTER = 300  # seconds; the page says "a few minutes"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show what was wrong; Django's own handler shows neither the reason nor the site's navigation.

    Only our own words are shown: those of other exceptions are meant for the log.
    """
    reason = str(exception) if isinstance(exception, BadRequest) else ""
    return render(request, "400.html", {"exception_text": reason}, status=400)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Ask whoever is too fast to wait; django-allauth calls this when one of its rate limits is reached."""
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(RETRY_AFTER)
    return response
