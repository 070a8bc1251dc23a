"""Values of archives, which may be of any type and size, as values that this site can keep."""

from datetime import UTC, datetime
from typing import Any

LONGEST_ID = 255
LONGEST_URL = 500


def objects_of(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; ActivityStreams also allows for a single one without a list."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, anything else as its only item, and nothing as an empty one."""
    return value if isinstance(value, list) else [value] if value else []


def safe_url(*candidates: Any) -> str:
    """Return the first that is an http(s) address which can be stored, empty if none is."""
    for candidate in candidates:
        if _is_url(candidate):
            return str(candidate)
    return ""


def time_of(value: Any) -> datetime | None:
    """Return a moment in UTC from ISO 8601, in which it is UTC unless it says otherwise; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _is_url(value: Any) -> bool:
    return (
        isinstance(value, str)
        and value.startswith(("https://", "http://"))
        and len(value) <= LONGEST_URL
        and value.isprintable()
    )
