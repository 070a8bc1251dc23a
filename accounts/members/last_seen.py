"""When each member last used the site."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from accounts.models import User
from core.requests.problems import is_api_request
from core.requests.redirects import is_background_request

PRECISION = timedelta(minutes=5)
"""At most one write in this time, whatever the number of requests."""


class LastSeenMiddleware(MiddlewareMixin):
    """Updates `User.last_seen` for whatever a member does, but not for what their page does by itself."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Note who sent the request."""
        if not is_sent_by_script(request) and isinstance(request.user, User):
            member_saw(request.user)
        return response


def member_saw(user: User) -> None:
    """Note that the member is here."""
    now = timezone.now()
    if user.last_seen is None or now - user.last_seen >= PRECISION:
        User.objects.filter(pk=user.pk, last_seen=user.last_seen).update(last_seen=now)


def is_sent_by_script(request: HttpRequest) -> bool:
    """Return whether an open tab or a program sent the request. Only a member sends a form, even in the background."""
    is_refresh = is_background_request(request) and request.method != "POST"
    return is_refresh or is_api_request(request) or request.path == reverse("notifications:poll")
