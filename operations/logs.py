"""The formats of log lines: plain for people, JSON for programs. Both name the request and the task."""

import logging
import re
import sys
from typing import Any, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter
from rq.timeouts import BaseTimeoutException

from core.log_context import bound_ids
from operations.scrubbing import scrub

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that start a line, control a terminal or reverse text: with them, a requested path could forge a line."""


class Console(logging.StreamHandler[TextIO]):
    """Writes lines to standard error."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Report an error in a line; let a job's time-out, which a signal can raise right here, end the job."""
        if isinstance(sys.exc_info()[1], BaseTimeoutException):
            raise  # noqa: PLE0704 - logging calls this while it handles the exception
        super().handleError(record)


class Scrubbed(logging.Formatter):
    """Scrubs tracebacks; the rest of a record is scrubbed when it is made."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """Return the traceback."""
        return scrub(super().formatException(ei))


class PlainFormatter(Scrubbed):
    """A line for people, with the ids at its end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """Return the line with control characters escaped, without the traceback that may follow it."""
        line = CONTROL.sub(lambda match: ascii(match[0])[1:-1], super().formatMessage(record))
        named = " ".join(f"{name}={value}" for name, value in bound_ids().items())
        return f"{line} [{named}]" if named else line


class LineOfJson(Scrubbed, JsonFormatter):
    """An object a line: time (UTC), level, logger, message, process, the ids, and the record's extra fields."""

    def __init__(self) -> None:
        # Django adds the request, whose text has the query in it: search words, and keys out of emails.
        super().__init__(
            "%(levelname)s %(name)s %(message)s %(process)d",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            reserved_attrs=[*RESERVED_ATTRS, "request"],
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Add the fields to `log_data`, scrubbed, and the ids."""
        super().add_fields(log_data, record, message_dict)
        log_data.update({name: scrub(value) for name, value in log_data.items() if isinstance(value, str)})
        log_data.update(bound_ids())


FORMATTERS: dict[str, type[logging.Formatter]] = {"plain": PlainFormatter, "json": LineOfJson}
"""By their names in LOG_FORMAT."""
