"""What joins the lines of many logs: the request that began something, and the task that it became.

The lowest room: whoever writes a log line, or makes something that lives on, may ask here on whose behalf.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")
"""What may be an id; where it comes from others, it must be no words of theirs in our logs."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_task_id: ContextVar[str] = ContextVar("task_id", default="")


def request_id() -> str:
    """Return the id of the request that is being answered, or that once asked for what is done now; "" for none."""
    return _request_id.get()


def task_id() -> str:
    """Return the id of the task that is being worked on; "" for none."""
    return _task_id.get()


def begin_request(number: str) -> None:
    """Let all that is logged in this thread carry this id, until `end_request`."""
    _request_id.set(number)


def end_request() -> None:
    """Let nothing more carry the id."""
    _request_id.set("")


@contextmanager
def bind_ids(*, request: str = "", task: str = "") -> Iterator[None]:
    """Let the log lines of this block carry these ids, and no others."""
    tokens = _request_id.set(request), _task_id.set(task)
    try:
        yield
    finally:
        _request_id.reset(tokens[0])
        _task_id.reset(tokens[1])
