"""Writes a member's posts as JSON, in constant memory. Knows neither models nor queues."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import BinaryIO, TypeVar

import orjson

Row = tuple[str, str]
"""A post's body, and its time: ISO 8601 in UTC with `Z`."""

Progress = Callable[[int], object]
"""Called with the number of rows written so far, after every batch."""

BATCH_SIZE = 2000  # rows; larger is no faster, and costs memory

T = TypeVar("T")


def write_posts(rows: Iterable[Row], output: BinaryIO, on_progress: Progress = lambda _done: None) -> int:
    """Write `{"posts": [{"body", "timestamp"}, ...]}` to `output` in UTF-8, in the order of `rows`.

    Returns the number of posts. The bytes depend on the rows alone. Whatever `on_progress` raises ends the
    writing and reaches the caller.
    """
    done = 0
    output.write(b'{"posts":[')
    for batch in in_batches(rows, BATCH_SIZE):
        if done:
            output.write(b",")
        records = orjson.dumps([{"body": body, "timestamp": timestamp} for body, timestamp in batch])
        output.write(memoryview(records)[1:-1])  # the batch's own brackets are left out
        done += len(batch)
        on_progress(done)
    output.write(b"]}\n")
    return done


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class DigestingFile:
    """A binary file to write to, which counts the bytes and takes their SHA-256 on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        """Write `data`."""
        self._sha256.update(data)
        self.size += len(data)
        return self._file.write(data)

    @property
    def sha256(self) -> str:
        """Return the digest of what was written so far, in hexadecimal."""
        return self._sha256.hexdigest()
