"""Bounds on what a request may carry, checked before anything reads it, at every address and for everybody."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from core.requests.error_pages import bad_request

BODY_LIMIT = 262_144
"""In bytes: the longest message, with all of it escaped, needs 240,000."""
VALUE_LIMIT = 2_048
"""In code points: names, addresses and passwords are far shorter, and some of what reads them takes long for more."""
LENGTH = re.compile("[0-9]*")
"""A length as HTTP has it. Django takes what Python does: signs, underscores, the digits of other writings."""
LENGTH_DIGITS = 18
"""So many digits of a length are read: they say enough, and Python refuses to read thousands."""
TEXTS = {"body", "q"}
"""What people write at length: its own rules begin with a limit, so that it is shown again instead of refused."""

Answer = Callable[[HttpRequest], HttpResponseBase]
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def takes_up_to(size: int) -> Callable[[View], View]:
    """Let a view take bodies of up to `size` bytes, with files in them; all others take small forms alone."""

    def declare(view: View) -> View:
        view.takes_up_to = size  # type: ignore[attr-defined]
        return view

    return declare


class BoundsMiddleware:
    """Refuses what is too large, files where none are taken, and texts in other encodings than the site's.

    A view that takes more says so with `takes_up_to`.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, unless it announces more than its view takes."""
        if not LENGTH.fullmatch(request.META.get("CONTENT_LENGTH") or ""):
            return refused(request, BadRequest(_("Send the request's length (Content-Length) as a number.")))
        if "Transfer-Encoding" in request.headers:
            return refused(request, BadRequest(_("Send the request with its length (Content-Length), not in chunks.")))
        if content_length(request) > BODY_LIMIT and content_length(request) > limit_of(request):
            return refused(request, RequestDataTooBig())
        try:
            # Other codecs yield half characters, or take quadratic time. This reads what stands in the address.
            request.encoding = "utf-8"
        except TooManyFieldsSent as error:
            request.GET = QueryDict()
            return refused(request, error)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> HttpResponseBase | None:
        """Refuse a small body with files or long values in it; the first one to read it is this middleware."""
        if hasattr(view, "takes_up_to"):
            return None
        try:
            if has_long_value(request.GET) or has_long_value(request.POST):
                return refused(request, RequestDataTooBig())
        except TooManyFieldsSent as error:
            return refused(request, error)
        except UnreadablePostError:  # nobody waits for an answer any more
            return None
        if request.FILES:
            return refused(request, BadRequest(_("This page doesn't accept files.")))
        return None


def refused(request: HttpRequest, reason: BadRequest | SuspiciousOperation) -> HttpResponseBase:
    """Return the page that says why. Raised, in development it would become one that reads all of the body."""
    request.POST = QueryDict()  # the page's templates ask for it
    return bad_request(request, reason)


def content_length(request: HttpRequest) -> int:
    """Return how many bytes the body has; none that Django reads, if nothing is said of it."""
    return int((request.META.get("CONTENT_LENGTH") or "0")[:LENGTH_DIGITS])


def limit_of(request: HttpRequest) -> int:
    """Return how many bytes the view takes that is to answer."""
    try:
        view = resolve(request.path_info, getattr(request, "urlconf", None)).func
    except Resolver404:
        return BODY_LIMIT
    return int(getattr(view, "takes_up_to", BODY_LIMIT))


def has_long_value(query: QueryDict) -> bool:
    """Return whether a value is longer than what it stands for could be."""
    lists = (values for name, values in query.lists() if name not in TEXTS)
    return any(len(str(value)) > VALUE_LIMIT for values in lists for value in values)
