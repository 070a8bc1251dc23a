"""Several processes in one terminal: each line of theirs with a prefix, in a colour of its own."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping

COLOURS = {"worker": "35", "web": "36", "site": "32;1"}
WIDTH = max(map(len, COLOURS))
_lock = threading.Lock()


class Terminal:
    """The terminal that this process was started in, if it was. Its end is told to its first process only, say make."""

    def __init__(self) -> None:
        self._outputs = [number for number in range(3) if os.isatty(number)]

    def is_gone(self) -> bool:
        """Return whether it has been closed: nothing that was a terminal is one any more."""
        return bool(self._outputs) and not any(map(os.isatty, self._outputs))


def say(name: str, line: str) -> None:
    """Print a line as `name`'s; in colour on a terminal, unless NO_COLOR is set.

    A terminal that is gone is no error: the children's output must be read on, or they would block on it.
    """
    prefix = f"{name:<{WIDTH}} |"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        prefix = f"\x1b[{COLOURS[name]}m{prefix}\x1b[0m"
    with _lock, contextlib.suppress(OSError):
        print(prefix, line, flush=True)  # noqa: T201 - the terminal is what this is for


def start(name: str, command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a process whose output appears line by line, in a session of its own: Ctrl-C is not sent to it."""
    process = subprocess.Popen(
        command,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    threading.Thread(target=_relay, args=[name, process], daemon=True).start()
    return process


def _relay(name: str, process: "subprocess.Popen[str]") -> None:
    for line in process.stdout or ():
        say(name, line.rstrip("\n"))
