"""Batches of posts, and records that cannot be written."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

BATCH_SIZE = 500  # rows; larger batches are no faster and take more memory

T = TypeVar("T")


def utc_text(moment: datetime) -> str:
    """Return the time as ISO 8601 in UTC with `Z`, the form of every time in an export."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_batches(items: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


@dataclass(frozen=True, slots=True)
class Batch:
    """Some posts by columns, oldest first, without a Python object per row."""

    bodies: Sequence[str]
    timestamps: Sequence[str]
    """ISO 8601 in UTC with `Z`."""
    ids: Sequence[int] = ()
    """Empty in an export that does not need them."""

    def __len__(self) -> int:
        """Return the number of posts."""
        return len(self.bodies)

    def only(self, places: Sequence[int]) -> "Batch":
        """Return the posts at those places."""
        bodies, timestamps = ([column[place] for place in places] for column in (self.bodies, self.timestamps))
        return Batch(bodies, timestamps, [self.ids[place] for place in places] if self.ids else ())


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was left out, and why."""

    reason: str
    timestamp: str
    id: int | None = None
    """None in an export that does not read the ids."""
    record: str = "post"
    """What it is."""


def write_readable(batch: Batch, write: Callable[[Batch], object], skipped: list[Skipped]) -> int:
    """Write a batch by `write`, without the posts that no file can hold; those are added to `skipped`.

    Returns the number of posts written. There are none to skip unless another program wrote to the
    database. So `write` gets the whole batch first: for a text that cannot be written it must raise TypeError or
    ValueError before it writes anything.
    """
    try:
        _check_times(batch.timestamps)
        write(batch)
    except (TypeError, ValueError):
        ids: Sequence[int | None] = batch.ids or [None] * len(batch)
        rows = enumerate(zip(batch.bodies, batch.timestamps, ids, strict=True))
        readable = batch.only([place for place, (body, time, id_) in rows if is_readable(body, time, id_, skipped)])
        if len(readable) == len(batch):
            raise  # the error has another cause
        if readable:
            write(readable)
        return len(readable)
    return len(batch)


def _check_times(times: Sequence[str]) -> None:
    """Raise TypeError or ValueError unless all times have the form of `Batch`: they are written to files unchanged.

    `fromisoformat` also accepts weeks, commas, the basic format, and any separator between day and hour.
    """
    signs = "".join(times).encode().translate(None, delete=b"0123456789.")
    if signs != b"--T::Z" * len(times):
        raise ValueError("not in the form YYYY-MM-DDTHH:MM:SSZ")
    deque(map(datetime.fromisoformat, times), maxlen=0)


def is_readable(body: str, timestamp: str, id_: int | None, skipped: list[Skipped], record: str = "post") -> bool:
    """Return whether a record can be written; if not, add it to `skipped`."""
    reason = problem_with(body, timestamp)
    if reason:
        skipped.append(Skipped(reason, str(timestamp).encode(errors="backslashreplace").decode(), id_, record))
    return not reason


def problem_with(body: str, timestamp: str) -> str:
    """Return why a record with that body and time cannot be written, empty if it can."""
    try:
        body.encode()
    except (AttributeError, UnicodeEncodeError):
        return "The text is not valid Unicode."
    try:
        _check_times([timestamp])
    except (TypeError, ValueError):
        return "The time is not a valid date and time."
    return ""
