"""The headers without which no answer of the site goes out."""

from collections.abc import Mapping
from typing import Any

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'self'",
    "Permissions-Policy": "geolocation=()",
}


def missing_headers(response: Any) -> Mapping[str, str]:
    """Return the headers that the response should have but lacks."""
    return {name: words for name, words in EXPECTED.items() if words not in response.headers.get(name, "")}
