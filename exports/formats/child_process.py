"""Work in a child process; threads would take turns because of the interpreter's lock."""

import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FORK = get_context("fork")  # the child continues with what `work` has in memory
EXIT_TIMEOUT = 5  # seconds until a process that is no longer needed is killed


class ChildProcess(Generic[Item, Result]):
    """Runs `work` on the items that it is sent. It ends with its parent, however that ends."""

    def __init__(self, work: Callable[[Iterator[Item]], Result]) -> None:
        """Start it. Flush the files that `work` writes to before, and don't use them here until it has finished."""
        self._connection, theirs = FORK.Pipe()
        self._process = FORK.Process(target=_run, args=(work, theirs, self._connection))
        self._process.start()
        theirs.close()

    def send(self, item: Item) -> None:
        """Send an item; blocks while the process is busy. Raises as `result` does."""
        try:
            self._connection.send((item,))
        except ConnectionError:
            self._outcome()
            raise

    def result(self) -> Result:
        """End the items; return what `work` returned, or raise what it raised.

        Raises ChildProcessError if the process was killed.
        """
        with suppress(ConnectionError):
            self._connection.send(None)
        return self._outcome()

    def discard(self) -> None:
        """End the process; a second call does nothing."""
        self._connection.close()
        self._process.join(EXIT_TIMEOUT)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _outcome(self) -> Result:
        try:
            outcome, error = self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join(EXIT_TIMEOUT)
            raise ChildProcessError(f"The child process of the export ended with {self._process.exitcode}.") from None
        if error:
            raise error
        return outcome  # type: ignore[no-any-return]


def _run(work: Callable[[Iterator[Item]], Result], connection: Connection, others_end: Connection) -> None:
    others_end.close()  # or this process would never see the parent's end
    # The parent receives the signal too, and closes the connection.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    outcome: tuple[Result | None, Exception | None]
    try:
        outcome = work(_items(connection)), None
    except EOFError:
        return
    except Exception as error:
        error.add_note(f"In the child process:\n{traceback.format_exc()}")  # pickling drops the traceback
        outcome = None, error
    with suppress(ConnectionError):
        connection.send(outcome)


def _items(connection: Connection) -> Iterator[Item]:
    while (message := connection.recv()) is not None:
        yield message[0]
