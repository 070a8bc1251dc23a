"""How a log line looks: plain for people, JSON for machines; both name the request and the task it belongs to."""

import logging
import re
import sys
from typing import Any, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter
from rq.timeouts import BaseTimeoutException

from core.log_context import request_id, task_id
from operations.scrubbing import scrub

FORMATS = ("plain", "json")

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What begins another line, or steers a terminal, or turns the order of what it shows."""


def on_one_line(message: str) -> str:
    """Return the message with control characters as text: an address can hold a line break, and then a forged line."""
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), message)


def ids() -> dict[str, str]:
    """Return the ids that a line written now belongs to."""
    found = {"request_id": request_id(), "task_id": task_id()}
    return {name: value for name, value in found.items() if value}


class Console(logging.StreamHandler[TextIO]):
    """Writes lines to standard error."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Report an error in a line; let a job's time-out, which a signal can raise right here, end the job."""
        if isinstance(sys.exc_info()[1], BaseTimeoutException):
            raise  # noqa: PLE0704 - logging calls this while it handles the exception
        super().handleError(record)


class PlainFormatter(logging.Formatter):
    """A line for people, with the ids at its end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """Return the traceback."""
        return scrub(super().formatException(ei))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """Return the line, without the traceback that may follow it."""
        named = " ".join(f"{name}={value}" for name, value in ids().items())
        return on_one_line(super().formatMessage(record)) + (f" [{named}]" if named else "")


class LineOfJson(JsonFormatter):
    """An object a line: time (UTC), level, logger, message, process, the ids, and what else the line is about."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s %(process)d",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            # Django adds the request, whose text has the query in it: search words, and keys out of mails.
            reserved_attrs=[*RESERVED_ATTRS, "request"],
        )

    def formatException(self, ei: Any) -> Any:  # noqa: N802 - the name is logging's
        """Return the traceback."""
        text = super().formatException(ei)
        return scrub(text) if isinstance(text, str) else [scrub(line) for line in text]

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Put everything into `log_data`."""
        super().add_fields(log_data, record, message_dict)
        log_data.update({name: scrub(value) for name, value in log_data.items() if isinstance(value, str)})
        log_data.update(ids())


def formatter(name: str) -> logging.Formatter:
    """Return the formatter of one of FORMATS."""
    return LineOfJson() if name == "json" else PlainFormatter()
