"""Where a form's response leads: back to its page, or nowhere for a script that stays on it."""

from urllib.parse import urlsplit, urlunsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_url(request: HttpRequest, *, otherwise: str = "/") -> str:
    """Return the form's `next`, if it is on this site, else `otherwise`.

    Don't pass it to `redirect`, which would take a word for a view's name.
    """
    back = request.POST.get("next", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else otherwise


def referrer_url(request: HttpRequest) -> str:
    """Return the Referer's path and query if it is on this site, else ""."""
    try:
        address = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    page = urlunsplit(("", "", address.path, address.query, ""))
    is_ours = address.netloc == request.get_host() and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
    return page if is_ours else ""


def is_background_request(request: HttpRequest) -> bool:
    """Return whether a page's script sent the request: the page stays, and refreshes its live parts itself."""
    return "X-Live-Refresh" in request.headers
