"""Read posts from JSON lines: `{"timestamp": ISO 8601 with offset, "body": text}`."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.validators import validate_moment
from posts.models import Post
from posts.validators import validate_body

HINT = "Write it like 2026-11-23T10:00:00+01:00."
MAX_SHOWN = 80
MAX_LINE_BYTES = 65_536
"""The limit of a line: the longest post, fully escaped, needs a quarter of it."""


class BadLineError(ValueError):
    """A line that is no valid post; the message gives its number, the reason, and its content."""


def posts_from_lines(lines: Iterable[bytes], author: User) -> Iterator[Post]:
    """Yield an unsaved post for each line, in order, by the same rules as on the site.

    Raises BadLineError for the first invalid line.
    """
    for number, line in enumerate(lines, start=1):
        try:
            record = _record(line)
            post = Post(author=author, body=_text(record, "body"), timestamp=_moment(_text(record, "timestamp")))
            validate_body(post.body)
            validate_moment(post.timestamp)
        except ValidationError as error:
            raise BadLineError(f"Line {number}: {' '.join(error.messages)} Found {_shown(record)}") from error
        except ValueError as error:
            raise BadLineError(f"Line {number}: {error}") from error
        yield post


def _record(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"it is longer than {MAX_LINE_BYTES} bytes: {_shown(line)}")
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start}: {line[error.start : error.start + 1]!r})") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it is not JSON ({error}): {_shown(line.decode())}") from error
    if not isinstance(record, dict):
        raise ValueError(f"it is not an object with a timestamp and a body: {_shown(record)}")  # noqa: TRY004
    return record


def _text(record: dict[str, Any], name: str) -> str:
    if name not in record:
        raise ValueError(f'it has no "{name}": {_shown(record)}')
    if not isinstance(record[name], str):
        raise ValueError(f'"{name}" must be text, not {_shown(record[name])}')  # noqa: TRY004
    return str(record[name])


def _moment(text: str) -> datetime:
    """Return the moment in UTC. Raises ValueError for a text without an offset from UTC."""
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"timestamp {_shown(text)} cannot be used ({error}). {HINT}") from error
    if moment.tzinfo is None:
        raise ValueError(f"timestamp {_shown(text)} has no offset from UTC. {HINT}")
    return in_utc


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
