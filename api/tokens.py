"""Make, find and revoke tokens. A secret is random and long, so a fast digest is enough to store it."""

import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

from django.utils import timezone

from accounts.models import User
from api.models import ApiToken

PREFIX = "mbt_"
"""By which people, and programs that search for leaked secrets, recognise a token; `operations.scrubbing` knows it."""
SECRET = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")
PRECISION = timedelta(minutes=1)
"""At most one write of the last use in this time."""


def token_create(*, user: User, name: str, scopes: Iterable[str], lifetime: timedelta) -> tuple[ApiToken, str]:
    """Make a token, and return it with its secret, which is kept nowhere.

    Raises IntegrityError if the member has a token of that name.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    expires_at = timezone.now() + lifetime
    token = ApiToken.objects.create(
        user=user, name=name, scopes=sorted(scopes), digest=digest_of(secret), expires_at=expires_at
    )
    return token, secret


def token_find(secret: str) -> ApiToken | None:
    """Return the usable token with that secret, with its member; None for whatever else may be sent as one."""
    if not SECRET.fullmatch(secret):
        return None
    return ApiToken.objects.usable().select_related("user").filter(digest=digest_of(secret)).first()


def token_note_use(token: ApiToken) -> None:
    """Note that the token is used."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at >= PRECISION:
        ApiToken.objects.filter(pk=token.pk, last_used_at=token.last_used_at).update(last_used_at=now)


def digest_of(secret: str) -> str:
    """Return the stored form of a secret."""
    return sha256(secret.encode()).hexdigest()
