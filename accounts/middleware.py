"""Remembers when a member was last here."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import User
from accounts.services import member_saw


class LastSeenMiddleware:
    """Keeps `User.last_seen` for everything that a member does, save what their page does by itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, then note who it was from."""
        response = self.get_response(request)
        if not asked_by_script(request) and isinstance(request.user, User):
            member_saw(request.user)
        return response


def asked_by_script(request: HttpRequest) -> bool:
    """Return whether an open tab asks by itself, with or without somebody in front of it."""
    return request.path == reverse("notifications:poll") or "X-Live-Refresh" in request.headers
