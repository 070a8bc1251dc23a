"""Answers each request in the language and time zone of its member or browser."""

from typing import cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from accounts.members.last_seen import is_sent_by_script
from accounts.models import User
from accounts.settings.preferences import language_of
from accounts.settings.time_zones import COOKIE, browser_zone, zone_named


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
    if request.COOKIES.get(COOKIE, "") == user.browser_time_zone or is_sent_by_script(request):
        return
    if name := browser_zone(request):
        User.objects.filter(pk=user.pk).update(browser_time_zone=name)
