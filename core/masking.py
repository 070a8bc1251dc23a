"""Keep secrets out of what checks report: the errors of libraries can quote them."""

import os
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings

SHORTEST = 4  # characters; masking anything shorter would garble the texts
PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+@")
VARIABLES = re.compile(r"^(ANYMAIL_.*|AWS_.*(KEY|TOKEN).*|SENTRY_DSN|.*(PASSWORD|SECRET).*)$")


def masked(text: str) -> str:
    """Replace each secret of the settings and the environment in the text with asterisks."""
    for secret in sorted(set(_secrets()), key=len, reverse=True):
        text = text.replace(secret, "***")
    return PASSWORD_IN_URL.sub(r"\1:***@", text)


def _secrets() -> Iterator[str]:
    for secret in filter(None, _configured()):
        if len(secret) >= SHORTEST:
            yield secret
            yield quote(secret, safe="")


def _configured() -> Iterator[str | None]:
    yield settings.SECRET_KEY
    yield settings.EMAIL_HOST_PASSWORD
    yield from (str(database.get("PASSWORD", "")) for database in settings.DATABASES.values())
    yield unquote(urlsplit(settings.REDIS_URL).password or "")
    yield from (value for name, value in os.environ.items() if VARIABLES.match(name))
