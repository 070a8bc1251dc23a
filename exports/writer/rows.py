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
        _check_texts([row[0] for row in batch])
        _check_times([row[1] for row in batch])
    except (TypeError, ValueError):
        return [row for row in batch if _is_readable(row, skipped)]
    return batch


def _check_texts(texts: list[str]) -> None:
    """Raise TypeError or ValueError unless all are texts, in valid Unicode."""
    "".join(texts).encode()


def _check_times(times: list[str]) -> None:
    """Raise TypeError or ValueError unless all are times as `Row` has them: they go into files as they are.

    Python alone would also take other forms, and anything at all between the day and the hour.
    """
    signs = "".join(times).encode().translate(None, b"0123456789.")
    if signs != b"--T::Z" * len(times):
        raise ValueError("not in the form YYYY-MM-DDTHH:MM:SSZ")
    deque(map(datetime.fromisoformat, times), maxlen=0)


def _is_readable(row: Row | PostRow, skipped: list[Skipped]) -> bool:
    reason = problem_with(row[0], row[1])
    if reason:
        timestamp = str(row[1]).encode(errors="backslashreplace").decode()
        skipped.append(Skipped(reason, timestamp, row[2] if len(row) > 2 else None))  # noqa: PLR2004
    return not reason


def problem_with(body: str, timestamp: str) -> str:
    """Return why a post with that body and time cannot be written, empty if it can."""
    try:
        _check_texts([body])
    except (TypeError, ValueError):
        return "The text is not valid Unicode."
    try:
        _check_times([timestamp])
    except (TypeError, ValueError):
        return "The time is not a valid date and time."
    return ""
