"""A position in a member's notifications, as the poll speaks of it: seconds since 1970, as a decimal number.

Inside it is an integer of microseconds. A double holds 2**53 of them exactly, until the year 2255.
"""

import math

MICROSECONDS = 1_000_000
MAX_SECONDS = 2**53 / MICROSECONDS


def cursor_to_seconds(cursor: int) -> float:
    """Return the cursor as the `timestamp` of the poll's JSON."""
    return cursor / MICROSECONDS


def cursor_from_text(text: str) -> int:
    """Return the cursor that `text` stands for.

    Raises ValueError, naming the text, unless it is a number of seconds since 1970.
    """
    seconds = float(text)
    if not (math.isfinite(seconds) and 0 <= seconds <= MAX_SECONDS):
        raise ValueError(f"{text!r} is no time since 1970 in seconds")
    return round(seconds * MICROSECONDS)
