"""The page of a bad request: the site's own, with the reason in it."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show what was wrong; Django's own handler shows neither the reason nor the site's navigation.

    Only our own words are shown: those of other exceptions are meant for the log.
    """
    reason = str(exception) if isinstance(exception, BadRequest) else ""
    return render(request, "400.html", {"exception_text": reason}, status=400)
