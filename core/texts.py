"""Texts of errors and from strangers, made fit to be stored and shown to staff."""

import os
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings

MAX_LENGTH = 2_000
"""Code points that are kept."""

SHORTEST_SECRET = 4  # characters; masking anything shorter would garble the texts
PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+@")
SECRET_VARIABLES = re.compile(r"^(ANYMAIL_.*|AWS_.*(KEY|TOKEN).*|SENTRY_DSN|.*(PASSWORD|SECRET).*)$")


def storable(text: str, max_length: int = MAX_LENGTH) -> str:
    """Return the beginning of the text, with `?` for what a database refuses.

    PostgreSQL refuses NUL, and no database stores half of a surrogate pair.
    """
    return text[:max_length].replace("\x00", "?").encode(errors="replace").decode()


def in_a_line(error: Exception) -> str:
    """Return the class and the text of an exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def masked(text: str) -> str:
    """Replace each secret of the settings and the environment in the text with asterisks."""
    secrets = {secret for secret in _secrets() if len(secret) >= SHORTEST_SECRET}
    for secret in sorted(secrets | {quote(secret, safe="") for secret in secrets}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return PASSWORD_IN_URL.sub(r"\1:***@", text)


def _secrets() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield settings.EMAIL_HOST_PASSWORD or ""
    yield from (str(database.get("PASSWORD") or "") for database in settings.DATABASES.values())
    yield unquote(urlsplit(settings.REDIS_URL).password or "")
    yield from (value for name, value in os.environ.items() if SECRET_VARIABLES.match(name))
