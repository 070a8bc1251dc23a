"""The headers without which no answer of the site goes out."""

from collections.abc import Mapping
from typing import Any

ON_ALL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ON_PAGES = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'",
    "Permissions-Policy": "geolocation=()",
}


def missing_headers(response: Any) -> Mapping[str, str]:
    """Return the headers that the response should have but lacks."""
    is_data = response.headers.get("Content-Type") == "application/json"  # the headers of pages say nothing about data
    expected = ON_ALL if is_data else ON_ALL | ON_PAGES
    return {name: words for name, words in expected.items() if words not in response.headers.get(name, "")}
