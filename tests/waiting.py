"""Waiting in tests: for a condition, with a time limit, never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LIMIT = 60.0
"""Seconds that a slow and busy machine may take for what otherwise takes one or two."""


def wait_until(
    condition: Callable[[], T],
    timeout: float = LIMIT,
    *,
    interval: float = 0.02,
    what: str = "",
    found: Callable[[], object] | None = None,
) -> T:
    """Return the first true value of `condition()`, tried every `interval` seconds.

    Raises AssertionError after `timeout` seconds, naming `what` was waited for, and what there is instead: what
    `found` returns then, or the last value.
    """
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            there = f"there is {found()}" if found else f"last: {value!r}"
            raise AssertionError(f"{what or 'The condition'} did not come true in {timeout:g} s; {there}")
        time.sleep(interval)
    return value
