"""Remove members' data, and keys that open accounts, from texts for people who look for errors.

Log lines, emails to ADMINS and reports to Sentry use it; the last two leave this machine and hold even less.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

ADDRESS = re.compile(r"[^\s@<>()\[\]{},;:=\"'/\\|]{1,64}@[^\s@<>()\[\]{},;:=\"'/\\|]{1,255}")
"""Anything that may be an email address, also one that is not valid."""

SLASHES = "(?:/|%2F|%252F)+"
"""One or more slashes, encoded once or twice or not at all."""

KEY_IN_PATH = re.compile(
    rf"(confirm-email|(?:reset{SLASHES}key|notifications{SLASHES}feed)){SLASHES}[^\s\"'<>?#&,;()\]}}]+", re.IGNORECASE
)
"""The keys of the links that confirm an address, set a password or open a feed."""

# It matches only where a URL can begin: a search from each slash of a long text would take quadratic time.
QUERY = re.compile(r"(?<![^\s\"'<>(=])((?:https?:/)?/[^\s?\"'<>]*+)\?(?!P<)[^\s\"'<>)]+")
"""The query of a URL, which can hold a visitor's search and the address of the next page."""

DETAIL = re.compile(
    r"^((?:DETAIL|CONTEXT|LINE \d+):).*|(Key \([^\n]{1,100}?\)=\()[^\n]*(?=\))|(row contains \()[^\n]*", re.MULTILINE
)
"""The parts of PostgreSQL's errors that quote a row."""

TOKEN = re.compile(r"mbt_[A-Za-z0-9_-]+")
"""A token of the API (`api.tokens`), also a part of one."""

RULES = [(TOKEN, "mbt_[token]"), (KEY_IN_PATH, r"\1/[key]"), (QUERY, r"\1?[query]"), (ADDRESS, "[email]")]


def scrub(text: str) -> str:
    """Return the text without email addresses, keys, queries, and values of database rows."""
    text = DETAIL.sub(lambda match: f"{next(filter(None, match.groups()))}[values]", text)
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    return text


def scrub_argument(value: Any) -> Any:
    """Return an argument of a log line, scrubbed if it is a text, or an exception, which may quote anything."""
    return scrub(str(value)) if isinstance(value, str | BaseException) else value


def scrub_records() -> None:
    """Scrub every log record of this process when it is created, for all loggers and handlers."""
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
