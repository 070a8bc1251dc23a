"""Takes what is a member's, or opens an account, out of texts for people who look for errors.

One place for log lines, mail to ADMINS and reports to Sentry, which leave this machine and hold even less.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

ADDRESS = re.compile(r"[^\s@<>()\[\]{},;:=\"'/\\|]{1,64}@[^\s@<>()\[\]{},;:=\"'/\\|]{1,255}")
"""Anything that may be an email address, also one that is not valid."""

KEY_IN_PATH = re.compile(r"(confirm-email|reset/key|reset%2Fkey)(?:/|%2F|%252F)+[^\s\"'<>?#&,;()\]}]+", re.IGNORECASE)
"""The keys out of the emails that confirm an address or set a password, also where a slash is missing or encoded."""

# They begin only where an address can: a search from each slash of a long text would take quadratic time.
QUERY = re.compile(r"(?<![^\s\"'<>(=])((?:https?:/)?/[^\s?\"'<>]*+)\?(?!P<)[^\s\"'<>)]+")
"""What stands behind the question mark of an address: words that somebody searches for, and the way on."""

DETAIL = re.compile(
    r"^((?:DETAIL|CONTEXT|LINE \d+):).*|(Key \([^\n]{1,100}?\)=\()[^\n]*(?=\))|(row contains \()[^\n]*", re.MULTILINE
)
"""What PostgreSQL tells of a row."""

RULES = [(KEY_IN_PATH, r"\1/[key]"), (QUERY, r"\1?[query]"), (ADDRESS, "[email]")]


def scrub(text: str) -> str:
    """Return the text without addresses, keys, queries, and the values of database rows."""
    text = DETAIL.sub(lambda match: f"{next(filter(None, match.groups()))}[values]", text)
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    return text


def scrub_argument(value: Any) -> Any:
    """Return an argument of a log line, scrubbed if it is a text, or an exception, which may quote anything."""
    return scrub(str(value)) if isinstance(value, str | BaseException) else value


def scrub_records() -> None:
    """Have every log record of this process scrubbed as it is made, whoever logs it and whoever takes it."""
    make = logging.getLogRecordFactory()

    def scrubbed(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if isinstance(record.msg, str | BaseException):
            record.msg = scrub(str(record.msg))
        if isinstance(record.args, Mapping):
            record.args = {name: scrub_argument(value) for name, value in record.args.items()}
        elif record.args:
            record.args = tuple(scrub_argument(value) for value in record.args)
        return record

    logging.setLogRecordFactory(scrubbed)
