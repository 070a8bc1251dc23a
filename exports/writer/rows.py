"""What comes in: rows, in batches, and those among them that cannot be written."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

Row = tuple[str, str]
"""A post's body, and its time: ISO 8601 in UTC with `Z`."""

PostRow = tuple[str, str, int]
"""The same, and the post's id."""

BATCH_SIZE = 500  # rows; larger is no faster, and costs memory

T = TypeVar("T")
AnyRow = TypeVar("AnyRow", Row, PostRow)


def in_batches(items: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was left out, and why."""

    reason: str
    timestamp: str
    id: int | None = None
    """None in an export that does not read the ids."""


def readable_rows(batch: list[AnyRow], skipped: list[Skipped]) -> list[AnyRow]:
    """Return the batch without the rows that no file can hold; those are added to `skipped`.

    There are none, unless somebody wrote into the database by other means than the site. So a batch is looked
    at as a whole, and row by row only if something is wrong with it.
    """
    try:
        "".join([row[0] for row in batch]).encode()
        deque(map(datetime.fromisoformat, [row[1] for row in batch]), maxlen=0)
    except (TypeError, ValueError):
        return [row for row in batch if _is_readable(row, skipped)]
    return batch


def _is_readable(row: Row | PostRow, skipped: list[Skipped]) -> bool:
    reason = problem_with(row[0], row[1])
    if reason:
        skipped.append(Skipped(reason, str(row[1]), row[2] if len(row) > 2 else None))  # noqa: PLR2004
    return not reason


def problem_with(body: str, timestamp: str) -> str:
    """Return why a post with that body and time cannot be written, empty if it can."""
    try:
        body.encode()
    except UnicodeEncodeError:
        return "The text is not valid Unicode."
    try:
        datetime.fromisoformat(timestamp)
    except (TypeError, ValueError):
        return "The time is not a valid date and time."
    return ""
