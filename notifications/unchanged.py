"""Answers a poll that finds nothing new, which is nearly every poll, before most of the middleware.

It answers nothing else. Whatever is unusual, such as a session that has ended, is left to the middleware and the view,
which would give this answer too.
"""

import logging
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve
from django.utils.deprecation import MiddlewareMixin

from accounts.sign_in.authentication import member_of_cookie
from accounts.sign_in.page_owner import is_for_another_member
from core import maintenance
from notifications.cursors import cursor_from_text
from notifications.services import quiet_poll_send

logger = logging.getLogger(__name__)

PATH = "/notifications/"


class UnchangedMiddleware(MiddlewareMixin):
    """Responds with an empty list to a member who has no new notifications."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Return the empty list; None leaves the request to the view."""
        if request.path_info != PATH or request.method != "GET" or maintenance.is_closed():
            return None
        try:
            is_unchanged = _is_unchanged(request)
        except Exception:
            logger.debug("A poll is left to the view, which meets and reports the same error", exc_info=True)
            return None
        if not is_unchanged:
            return None
        request.resolver_match = _poll()  # for the metrics
        return HttpResponse(b"[]", content_type="application/json", headers={"Cache-Control": "no-store"})


def _is_unchanged(request: HttpRequest) -> bool:
    request.get_host()  # raises DisallowedHost
    cursor = cursor_from_text(request.GET.get("since", "0"))
    member = member_of_cookie(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    if member is None or member.notification_cursor > cursor or is_for_another_member(request, member):
        return False
    quiet_poll_send(member)
    return True


@cache
def _poll() -> ResolverMatch:
    return resolve(PATH)
