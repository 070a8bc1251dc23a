"""Convert cursors in a member's notifications to and from the poll's decimal seconds since 1970.

A cursor is an integer of microseconds, which a double represents exactly until 2**33 seconds, in the year 2242.
"""

from decimal import Decimal, InvalidOperation

MICROSECONDS = 1_000_000
MAX_SECONDS = 2**33


def cursor_to_seconds(cursor: int) -> float:
    """Return the cursor as the `timestamp` of the poll's JSON."""
    return cursor / MICROSECONDS


def cursor_from_text(text: str) -> int:
    """Return the cursor that `text` stands for.

    Raises ValueError, naming the text, unless it is a number of seconds since 1970.
    """
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        seconds = Decimal("nan")
    if not (seconds.is_finite() and 0 <= seconds <= MAX_SECONDS):
        raise ValueError(f"{text!r} is no time since 1970 in seconds")
    return round(seconds * MICROSECONDS)
