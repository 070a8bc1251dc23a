"""Stop processes with all their descendants.

Each process leads a session of its own, whose id is the process id. Process groups and parents are not enough: a
work-horse has its own group, and loses its parent when the worker is killed.
"""

import contextlib
import os
import time
from collections.abc import Iterable

import psutil

PATIENCE = 10.0
"""Seconds that a process gets to end after SIGTERM."""


def session_of(leader: int) -> list[psutil.Process]:
    """Return the living processes of the session that `leader` started, the leader first; it may have ended."""
    return sorted(
        (process for process in psutil.process_iter() if is_alive_in(process, leader)),
        key=lambda process: process.pid != leader,
    )


def is_alive_in(process: psutil.Process, leader: int) -> bool:
    """Return whether the process belongs to the session and has not ended."""
    try:
        return os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.Error):
        return False


def stop_in_order(leaders: Iterable[int], *, patience: float = PATIENCE) -> None:
    """Stop each session in turn: terminate its leader, wait up to `patience` seconds, then kill the rest."""
    for leader in leaders:
        with contextlib.suppress(psutil.NoSuchProcess, IndexError):
            first = session_of(leader)[0]
            if first.pid == leader:
                first.terminate()
                psutil.wait_procs([first], timeout=patience)
        kill_all(leader)


def kill_all(leader: int) -> None:
    """Kill the session's processes, including new ones; give up after five seconds."""
    deadline = time.monotonic() + 5
    while (processes := session_of(leader)) and time.monotonic() < deadline:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=1)
