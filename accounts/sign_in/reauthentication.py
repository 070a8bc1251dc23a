"""Ask for the password before dangerous requests, unless it was typed recently."""

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

    allauth's own check ignores the sign-in: it would ask a member who signed in a minute ago.
    """
    records = get_authentication_records(request, cast(User, request.user))
    latest = max((record["at"] for record in records if record["method"] == "password"), default=0.0)
    return bool(time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


def require_password(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired unless the member typed their password recently.

    allauth then asks for it and repeats the request. It keeps the form's fields in the session, so never call this
    for a form that contains a password. It would keep the cookies, too, which are therefore removed.
    """
    if not signed_in_recently(request):
        request.COOKIES  # noqa: B018 - read first: it stays available to this request
        request.META.pop("HTTP_COOKIE", None)
        raise ReauthenticationRequired


def password_redirect(request: HttpRequest) -> HttpResponseRedirect | None:
    """Return a redirect that asks for the password and comes back; None if it was typed recently.

    For forms that contain a password: nothing of the request is kept.
    """
    return None if signed_in_recently(request) else redirect_to_login(request.get_full_path(), "account_reauthenticate")


def password_required(view: View) -> View:
    """Require the password for a view, unless it was typed recently; anonymous visitors pass."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            require_password(request)
        return view(request, *args, **kwargs)

    return checked
