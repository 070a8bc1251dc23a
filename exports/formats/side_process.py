"""Work in a process of its own, beside this one. Two threads would only take turns: the interpreter has one lock."""

import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FORK = get_context("fork")  # `work` goes on with what it has in memory
PATIENCE = 5  # seconds for a process to end that nobody needs any more


class SideProcess(Generic[Item, Result]):
    """Does `work` with the items that it is sent. It ends with this process, however that ends."""

    def __init__(self, work: Callable[[Iterator[Item]], Result]) -> None:
        """Start. Files that `work` writes to must be flushed, and be left alone here until it is over."""
        self._connection, theirs = FORK.Pipe()
        self._process = FORK.Process(target=_run, args=(work, theirs, self._connection))
        self._process.start()
        theirs.close()

    def send(self, item: Item) -> None:
        """Send an item; waits while the process has enough to do. Raises as `result` does."""
        try:
            self._connection.send((item,))
        except ConnectionError:
            self._outcome()
            raise

    def result(self) -> Result:
        """Say that there are no more items; return what `work` returned, or raise what it raised.

        Raises ChildProcessError if the process was killed.
        """
        with suppress(ConnectionError):
            self._connection.send(None)
        return self._outcome()

    def discard(self) -> None:
        """End the process, whatever it does; a second call does nothing."""
        self._connection.close()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _outcome(self) -> Result:
        try:
            outcome, error = self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join(PATIENCE)
            raise ChildProcessError(f"A process of the export's ended with {self._process.exitcode}.") from None
        if error:
            raise error
        return outcome  # type: ignore[no-any-return]


def _run(work: Callable[[Iterator[Item]], Result], connection: Connection, others_end: Connection) -> None:
    others_end.close()  # or its end would never be seen here
    # Who started this is told to stop, and then closes the connection.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    outcome: tuple[Result | None, Exception | None]
    try:
        outcome = work(_items(connection)), None
    except EOFError:
        return
    except Exception as error:
        error.add_note(f"In the process beside:\n{traceback.format_exc()}")  # it travels without its traceback
        outcome = None, error
    with suppress(ConnectionError):
        connection.send(outcome)


def _items(connection: Connection) -> Iterator[Item]:
    while (message := connection.recv()) is not None:
        yield message[0]
