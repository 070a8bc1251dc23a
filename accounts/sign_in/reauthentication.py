"""Whether somebody has lately shown that they are who their session says."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from accounts.models import User

View = Callable[..., HttpResponseBase]


def signed_in_recently(request: HttpRequest) -> bool:
    """Return whether the member typed their password within ACCOUNT_REAUTHENTICATION_TIMEOUT.

    A view that answers False with allauth's ReauthenticationRequired is asked again after the password. allauth's
    own check does not count the sign-in itself: it would ask a member who signed in a minute ago.
    """
    records = get_authentication_records(request, cast(User, request.user))
    latest = max((record["at"] for record in records if record["method"] == "password"), default=0.0)
    return bool(time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


def require_password(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired unless the member typed their password lately.

    allauth then asks for it and repeats the request. It keeps a form's fields in the session meanwhile, so never
    call this for a form with a password in it. The cookies, which would open the session, are left out.
    """
    if not signed_in_recently(request):
        request.COOKIES  # noqa: B018 - read first: it stays available to this request
        request.META.pop("HTTP_COOKIE", None)
        raise ReauthenticationRequired


def password_redirect(request: HttpRequest) -> HttpResponseRedirect | None:
    """Return the redirect that asks for the password and comes back; None if it was typed lately.

    For forms with a password in them: what was sent is not kept.
    """
    return None if signed_in_recently(request) else redirect_to_login(request.get_full_path(), "account_reauthenticate")


def password_required(view: View) -> View:
    """Return `view`, with the password asked for first unless it was typed lately; anonymous visitors pass."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            require_password(request)
        return view(request, *args, **kwargs)

    return checked
