"""Writing in a thread of its own: hashing, compressing and the disk need no interpreter lock."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from exports.writer.posts_json import Output

QUEUE_LENGTH = 4
"""Pieces on their way at once: a few batches, so that the memory stays constant."""

Piece = tuple[Callable[[bytes | memoryview], object], bytes | memoryview]


class BackgroundWriter:
    """Takes pieces for several outputs and writes them in their order, while the caller makes the next ones.

    Leaving the context waits until all is written. An error of the thread is raised by the next `put`, or at the
    end; if the caller itself fails, what is not written yet is dropped.
    """

    def __init__(self) -> None:
        self._pieces: queue.Queue[Piece | None] = queue.Queue(QUEUE_LENGTH)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="export-writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._error = error  # from now on the thread only empties the queue
        self._pieces.put(None)
        self._thread.join()
        if error is None:
            self._raise()

    def put(self, write: Callable[[bytes | memoryview], object], data: bytes | memoryview) -> None:
        """Have `write(data)` called."""
        self._raise()
        self._pieces.put((write, data))

    def to(self, output: Output) -> "BackgroundOutput":
        """Return an output whose pieces go this way to `output`."""
        return BackgroundOutput(self, output)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            if self._error is not None:
                continue
            write, data = piece
            try:
                write(data)
            except BaseException as error:  # it is raised where the pieces come from
                self._error = error


class BackgroundOutput:
    """An output that writes in the background."""

    def __init__(self, writer: BackgroundWriter, output: Output) -> None:
        self._writer = writer
        self._output = output

    def write(self, data: bytes | memoryview) -> None:
        """Have `data` written."""
        self._writer.put(self._output.write, data)
