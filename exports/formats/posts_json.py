"""`posts.json`, and the shape that it shares with the other lists of an archive: `{"name": [record, ...]}`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from exports.formats.rows import Batch, Skipped, write_readable

Progress = Callable[[int], object]
"""Called after every batch with the number of rows read so far."""


class Output(Protocol):
    """Anything that bytes can be written to."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Write `data`, which is not changed afterwards."""


class JsonList:
    """Writes `{"name": [record, ...]}` in UTF-8, batch by batch. The bytes depend on the records alone."""

    def __init__(self, name: str, output: Output, head: dict[str, Any] | None = None) -> None:
        """Begin the list; `head` are further entries, which stand before it."""
        self._output = output
        self._is_empty = True
        before = orjson.dumps(head)[1:-1] + b"," if head else b""
        output.write(b'{%b"%b":[' % (before, name.encode()))

    def add(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write records of JSON types, and of times, which become UTC."""
        if records:
            self.add_encoded(memoryview(orjson.dumps(records, option=orjson.OPT_UTC_Z))[1:-1])  # without the brackets

    def add_encoded(self, records: bytes | memoryview) -> None:
        """Write records that are JSON already, with a comma between each two."""
        if not self._is_empty:
            self._output.write(b",")
        self._output.write(records)
        self._is_empty = False

    def close(self) -> None:
        """End the list."""
        self._output.write(b"]}\n")


class PostsList(JsonList):
    """Writes the list of `posts.json`."""

    def __init__(self, output: Output) -> None:
        """Begin the list."""
        super().__init__("posts", output)
        self._records: list[dict[str, str]] = []  # reused for each batch: new ones take twice the time

    def add_posts(self, batch: Batch) -> None:
        """Write a batch. Raises TypeError, and writes nothing, if one of the texts is not valid Unicode."""
        number = len(batch)
        self._records += [{"body": "", "timestamp": ""} for _ in range(number - len(self._records))]
        for record, body, timestamp in zip(self._records, batch.bodies, batch.timestamps, strict=False):
            record["body"] = body
            record["timestamp"] = timestamp
        self.add(self._records[:number])


def write_posts(
    batches: Iterable[Batch],
    output: Output,
    on_progress: Progress = lambda _done: None,
    skipped: list[Skipped] | None = None,
) -> int:
    """Write `{"posts": [{"body", "timestamp"}, ...]}` to `output`, in their order.

    Returns the number of posts written; those that cannot be are added to `skipped`. Whatever `on_progress`
    raises ends the writing and reaches the caller.
    """
    left_out: list[Skipped] = [] if skipped is None else skipped
    done = written = 0
    posts = PostsList(output)
    for batch in batches:
        written += write_readable(batch, posts.add_posts, left_out)
        done += len(batch)
        on_progress(done)
    posts.close()
    return written
