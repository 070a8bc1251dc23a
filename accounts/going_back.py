"""The way back from a button to the page on which it stood, or no way at all: scripts send forms and stay."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def page_before(request: HttpRequest, *, otherwise: str = "/") -> str:
    """Return the page that the form names as `next`, if it is one of ours, else `otherwise`.

    Do not `redirect` to it, which takes a word for the name of a view.
    """
    back = request.POST.get("next", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else otherwise


def is_in_place(request: HttpRequest) -> bool:
    """Return whether a page's script asks: the page stays, and brings its live parts up to date by itself."""
    return "X-Live-Refresh" in request.headers
