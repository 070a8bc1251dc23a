"""The owner of an open page: its scripts name the member it was rendered for, and act for no other.

A browser's tabs share one session. After another member signs in, the other tabs still show the first member's name.
Their plain forms fail the CSRF check, because each sign-in renews the token; their scripts are checked here.
"""

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from accounts.models import User

HEADER = "HTTP_X_MEMBER"


def page_owner(user: User) -> str:
    """Return the member's identifier for scripts: the same in all their sessions, and useless to others."""
    return salted_hmac("accounts.sign_in.page_owner", str(user.pk)).hexdigest()[:16]


def is_for_another_member(request: HttpRequest, user: User) -> bool:
    """Return whether the request was sent by a script of a page that was rendered for another member."""
    owner = request.META.get(HEADER)
    return bool(owner) and owner != page_owner(user)


class PageOwnerMiddleware(MiddlewareMixin):
    """Responds with 412 to scripts of pages that were rendered for another member."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Reject the request if its page belongs to another member."""
        if isinstance(request.user, User) and is_for_another_member(request, request.user):
            text = _("Another member has signed in using this browser. Reload the page.")
            return HttpResponse(text, status=412, content_type="text/plain", headers={"Cache-Control": "no-store"})
        return None
