"""The ids that log lines carry: of the request that began the work, and of the task that is running."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")
"""What an id from outside must look like: log lines quote it."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_task_id: ContextVar[str] = ContextVar("task_id", default="")
request_id, task_id = _request_id.get, _task_id.get
"""Return the id of the request, or of the task; "" for none."""

bind_request = _request_id.set
"""Let log lines of this thread carry the request's id until the next call; "" for none."""


@contextmanager
def bind_ids(*, request: str = "", task: str = "") -> Iterator[None]:
    """Let log lines of this block carry these ids, and no others."""
    tokens = _request_id.set(request), _task_id.set(task)
    try:
        yield
    finally:
        _request_id.reset(tokens[0])
        _task_id.reset(tokens[1])


def bound_ids() -> dict[str, str]:
    """Return the ids that there are, by name."""
    found = {"request_id": request_id(), "task_id": task_id()}
    return {name: value for name, value in found.items() if value}
