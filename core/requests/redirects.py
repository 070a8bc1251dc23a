"""The way back from a button to the page on which it stood, or no way at all: scripts send forms and stay."""

from urllib.parse import urlsplit, urlunsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_url(request: HttpRequest, *, otherwise: str = "/") -> str:
    """Return the page that the form names as `next`, if it is one of ours, else `otherwise`.

    Do not `redirect` to it, which takes a word for the name of a view.
    """
    back = request.POST.get("next", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else otherwise


def referrer_url(request: HttpRequest) -> str:
    """Return the page of ours on which the browser says the form was; "" if it says none, or another site's."""
    try:
        address = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    page = urlunsplit(("", "", address.path, address.query, ""))
    is_ours = address.netloc == request.get_host() and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
    return page if is_ours else ""


def is_background_request(request: HttpRequest) -> bool:
    """Return whether a page's script asks: the page stays, and brings its live parts up to date by itself."""
    return "X-Live-Refresh" in request.headers
