"""Remember browsers that a member has signed in with, so that guesses made elsewhere never lock the member out.

The cookie is OWASP's "device cookie": it grants no access, but gives its browser a rate limit of its own.
"""

from typing import cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import get_random_string, salted_hmac

COOKIE = "__Host-browser" if settings.HTTPS else "browser"
MAX_AGE = 31_536_000  # seconds; a year
MAX_LOGINS = 8  # in one cookie: households share browsers
SALT = "accounts.sign_in.known_browsers"

Known = dict[str, str]
"""Hash of a login -> the number that this browser got for it."""


def browser_number(request: HttpRequest, login: str) -> str | None:
    """Return the key that counts this browser's attempts, if it has signed in as `login` before."""
    return _known(request).get(_hashed(login))


def browser_remember(request: HttpRequest, response: HttpResponseBase, logins: set[str]) -> None:
    """Set the cookie: the browser has signed in to the account that has each of `logins`."""
    known = _known(request)
    for login in map(_hashed, logins):
        known[login] = known.pop(login, "") or get_random_string(12)  # the latest come last
    response.set_cookie(
        COOKIE,
        signing.dumps(dict([*known.items()][-MAX_LOGINS:]), salt=SALT),
        max_age=MAX_AGE,
        httponly=True,
        samesite="Lax",
        secure=bool(settings.HTTPS),
    )


def _known(request: HttpRequest) -> Known:
    try:
        return cast(Known, signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=MAX_AGE))
    except (signing.BadSignature, ValueError):
        return {}


def _hashed(login: str) -> str:
    return salted_hmac(SALT, login.lower()).hexdigest()[:16]
