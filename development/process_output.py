"""Show the output of several processes in one terminal, each line with its process's prefix and colour."""

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
    """The terminal that started this process, if any. Only its first process, such as make, is told when it closes."""

    def __init__(self) -> None:
        self._outputs = [number for number in range(3) if os.isatty(number)]

    def is_gone(self) -> bool:
        """Return whether it has been closed: no output that was a terminal is one now."""
        return bool(self._outputs) and not any(map(os.isatty, self._outputs))


def say(name: str, line: str) -> None:
    """Print a line of `name`; in colour on a terminal, unless NO_COLOR is set.

    A closed terminal is no error: a child whose output is no longer read would block.
    """
    prefix = f"{name:<{WIDTH}} |"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        prefix = f"\x1b[{COLOURS[name]}m{prefix}\x1b[0m"
    with _lock, contextlib.suppress(OSError):
        print(prefix, line, flush=True)  # noqa: T201 - the purpose of this module


def start(name: str, command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a process and relay its output; in its own session, so that Ctrl-C is not sent to it."""
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
