"""Speaks to members as they prefer, and remembers when they were last here."""

from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from accounts.models import User
from accounts.preferences import language_of
from accounts.services import member_saw
from accounts.time_zones import COOKIE, browser_zone, zone_named
from core.requests.redirects import is_in_place


class PreferencesMiddleware(LocaleMiddleware):
    """Answers in the member's language and time zone; without a choice of theirs, as their cookie or browser asks."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, and leave nothing of its language and zone behind in this thread."""
        with translation.override(translation.get_language()), timezone.override(None):
            return cast(HttpResponseBase, super().__call__(request))

    def process_request(self, request: HttpRequest) -> None:
        """Find out in which language to answer, and in which zone to tell times."""
        super().process_request(request)
        user = request.user
        if isinstance(user, User):
            if language := language_of(user):
                translation.activate(language)
                request.LANGUAGE_CODE = language
            note_browser_zone(request, user)
        if zone := request_zone(request):
            timezone.activate(zone)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Name the language, and what it depends on: Django leaves the cookie out. Members' pages are theirs alone."""
        patch_vary_headers(response, ["Cookie"])
        if isinstance(request.user, User):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return super().process_response(request, response)


def request_zone(request: HttpRequest) -> ZoneInfo | None:
    """Return the zone that the member chose, else the one that the browser is in."""
    chosen = request.user.time_zone if isinstance(request.user, User) else ""
    return zone_named(chosen) or zone_named(browser_zone(request))


def note_browser_zone(request: HttpRequest, user: User) -> None:
    """Keep where the member's browser is, for the emails that are written when no browser asks."""
    if request.COOKIES.get(COOKIE, "") == user.browser_time_zone or asked_by_script(request):
        return
    if name := browser_zone(request):
        User.objects.filter(pk=user.pk).update(browser_time_zone=name)


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
    """Return whether an open tab asks by itself, with or without somebody in front of it; forms have a sender."""
    return request.path == reverse("notifications:poll") or (is_in_place(request) and request.method != "POST")
