"""Remembers when a member was last here."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import User
from accounts.services import member_saw


class LastSeenMiddleware:
    """Keeps `User.last_seen` for everything that a member does, save the poll."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, then note who it was from."""
        response = self.get_response(request)
        # An open tab polls whether somebody looks at it or not.
        if isinstance(request.user, User) and request.path != reverse("notifications:poll"):
            member_saw(request.user)
        return response
