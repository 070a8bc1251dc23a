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
from accounts.settings.time_zones import COOKIE, browser_zone, time_zone_changed, zone_named


class PreferencesMiddleware(LocaleMiddleware):
    """Activates the member's language and time zone, by default those of their cookie or browser."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, then restore this thread's language and zone."""
        with translation.override(translation.get_language()), timezone.override(None):
            return cast(HttpResponseBase, super().__call__(request))

    def process_request(self, request: HttpRequest) -> None:
        """Activate the request's language and time zone."""
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
        """Set the headers for caches: the page depends on the cookie, and a member's pages are private."""
        patch_vary_headers(response, ["Cookie"])
        if isinstance(request.user, User):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return super().process_response(request, response)


def request_zone(request: HttpRequest) -> ZoneInfo | None:
    """Return the member's chosen zone, else the browser's."""
    chosen = request.user.time_zone if isinstance(request.user, User) else ""
    return zone_named(chosen) or zone_named(browser_zone(request))


def note_browser_zone(request: HttpRequest, user: User) -> None:
    """Save the browser's time zone for emails, which are written without a request."""
    if request.COOKIES.get(COOKIE, "") == user.browser_time_zone or is_sent_by_script(request):
        return
    if name := browser_zone(request):
        User.objects.filter(pk=user.pk).update(browser_time_zone=name)
        user.browser_time_zone = name
        time_zone_changed.send(User, user=user)
