"""Limits on the size of requests, checked at every address before anything reads the body."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from core.requests.error_pages import bad_request

BODY_LIMIT = 262_144
"""In bytes: the longest message, with all of it escaped, needs 240,000."""
VALUE_LIMIT = 2_048
"""In code points: names, addresses and passwords are far shorter, and hashing longer ones takes long."""
LENGTH = re.compile("[0-9]*")
"""A length as in HTTP. Django accepts whatever `int()` does, such as signs and underscores."""
LENGTH_DIGITS = 18
"""Digits that are read: Python refuses to convert thousands."""
TEXTS = {"body", "q"}
"""Long texts have limits of their own, whose forms show the text again instead of rejecting the request."""

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def takes_up_to(size: int, *, members_only: bool = False) -> Callable[[View], View]:
    """Let a view accept bodies of up to `size` bytes, with files; all others accept small forms only.

    With `members_only`, nothing large is read from anybody else.
    """

    def declare(view: View) -> View:
        view.takes_up_to = size  # type: ignore[attr-defined]
        view.members_only = members_only  # type: ignore[attr-defined]
        return view

    return declare


class BoundsMiddleware(MiddlewareMixin):
    """Rejects bodies that are too large, unexpected files, and other encodings than UTF-8.

    A view that takes more says so with `takes_up_to`.
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Reject a request whose announced length exceeds its view's limit."""
        if not LENGTH.fullmatch(request.META.get("CONTENT_LENGTH") or ""):
            return refused(request, BadRequest(_("Send the request's length (Content-Length) as a number.")))
        if "Transfer-Encoding" in request.headers:
            return refused(request, BadRequest(_("Send the request with its length (Content-Length), not in chunks.")))
        if content_length(request) > BODY_LIMIT and content_length(request) > limit_of(request):
            return refused(request, RequestDataTooBig())
        try:
            # Other codecs yield half characters, or take quadratic time. This also parses the query string.
            request.encoding = "utf-8"
        except TooManyFieldsSent as error:
            request.GET = QueryDict()
            return refused(request, error)
        return None

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> HttpResponseBase | None:
        """Reject a small body that contains files or long values; this is the first code to read it."""
        if hasattr(view, "takes_up_to"):
            is_member = not view.members_only or request.user.is_authenticated
            return None if is_member or content_length(request) <= BODY_LIMIT else sign_in_first(request)
        try:
            if has_long_value(request.GET) or has_long_value(request.POST):
                return refused(request, RequestDataTooBig())
        except TooManyFieldsSent as error:
            return refused(request, error)
        except UnreadablePostError:  # the client has gone
            return None
        return refused(request, BadRequest(_("This page doesn't accept files."))) if request.FILES else None


def refused(request: HttpRequest, reason: BadRequest | SuspiciousOperation) -> HttpResponseBase:
    """Return the page with the reason. If raised, Django's debug page would read the whole body."""
    request.POST = QueryDict()  # the page's templates read it
    return bad_request(request, reason)


def sign_in_first(request: HttpRequest) -> HttpResponseBase:
    """Lead to the sign-in page; the body stays unread."""
    request.POST = QueryDict()
    return redirect_to_login(request.path)


def content_length(request: HttpRequest) -> int:
    """Return the body's announced length in bytes; without one, Django reads none."""
    return int((request.META.get("CONTENT_LENGTH") or "0")[:LENGTH_DIGITS])


def limit_of(request: HttpRequest) -> int:
    """Return the limit of the request's view in bytes."""
    try:
        view = resolve(request.path_info, getattr(request, "urlconf", None)).func
    except Resolver404:
        return BODY_LIMIT
    return int(getattr(view, "takes_up_to", BODY_LIMIT))


def has_long_value(query: QueryDict) -> bool:
    """Return whether any value exceeds VALUE_LIMIT."""
    lists = (values for name, values in query.lists() if name not in TEXTS)
    return any(len(str(value)) > VALUE_LIMIT for values in lists for value in values)
