"""Whose an open page is: its scripts name the member for whom it was made, and act for nobody else.

Browsers share one session among all tabs. When another member signs in in one of them, the other tabs still show the
first member's name; plain forms there fail the CSRF check, which every sign-in renews.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User

HEADER = "X-Member"


def page_owner(user: User) -> str:
    """Return what stands for the member in their pages: the same in all their sessions, and no use to anybody else."""
    return salted_hmac("accounts.sign_in.page_owner", str(user.pk)).hexdigest()[:16]


class PageOwnerMiddleware:
    """Answers 412 to the script of a page that was made for another member than the one who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, unless its page belongs to somebody else."""
        owner = request.headers.get(HEADER)
        if owner and isinstance(request.user, User) and owner != page_owner(request.user):
            text = _("Another member has signed in using this browser. Reload the page.")
            return HttpResponse(text, status=412, content_type="text/plain", headers={"Cache-Control": "no-store"})
        return self.get_response(request)
