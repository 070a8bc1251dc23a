"""Keeping secrets out of what the doctor prints: addresses and errors of libraries can hold them."""

import os
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings

SHORTEST = 4  # characters; what is shorter is no secret, and masking it would make nonsense of the lines
PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+@")
VARIABLES = re.compile(r"^(ANYMAIL_.*|AWS_.*(KEY|TOKEN).*|SENTRY_DSN|.*(PASSWORD|SECRET).*)$")


def masked(text: str) -> str:
    """Return the text with stars for each secret that the settings or the environment hold."""
    for secret in sorted(set(_secrets()), key=len, reverse=True):
        text = text.replace(secret, "***")
    return PASSWORD_IN_URL.sub(r"\1:***@", text)


def _secrets() -> Iterator[str]:
    for secret in filter(None, _as_set()):
        if len(secret) >= SHORTEST:
            yield secret
            yield quote(secret, safe="")


def _as_set() -> Iterator[str | None]:
    yield settings.SECRET_KEY
    yield settings.EMAIL_HOST_PASSWORD
    yield from (str(database.get("PASSWORD", "")) for database in settings.DATABASES.values())
    yield unquote(urlsplit(settings.REDIS_URL).password or "")
    yield from (value for name, value in os.environ.items() if VARIABLES.match(name))
