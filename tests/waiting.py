"""Waiting in tests: for a condition, with a time limit, never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], timeout: float = 10.0, *, interval: float = 0.02, what: str = "") -> T:
    """Return the first true value of `condition()`, tried every `interval` seconds.

    Raises AssertionError after `timeout` seconds, naming `what` was waited for and the last value.
    """
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or 'The condition'} did not come true in {timeout:g} s; last: {value!r}")
        time.sleep(interval)
    return value
