"""Whether somebody has lately shown that they are who their session says."""

import time
from typing import cast

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User


def signed_in_recently(request: HttpRequest) -> bool:
    """Return whether the member typed their password within ACCOUNT_REAUTHENTICATION_TIMEOUT.

    A view that answers False with allauth's ReauthenticationRequired is asked again after the password. allauth's
    own check does not count the sign-in itself: it would ask a member who signed in a minute ago.
    """
    records = get_authentication_records(request, cast(User, request.user))
    latest = max((record["at"] for record in records if record["method"] == "password"), default=0.0)
    return bool(time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
