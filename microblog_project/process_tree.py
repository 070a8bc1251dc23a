"""Stopping processes with all that they have started."""

import contextlib
from collections.abc import Iterable

import psutil

PATIENCE = 10.0
"""Seconds that a process has to end by itself after SIGTERM."""


def tree_of(pid: int) -> list[psutil.Process]:
    """Return the process and its descendants; work-horses have process groups of their own, so groups won't do."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def stop_in_order(pids: Iterable[int], *, patience: float = PATIENCE) -> None:
    """Stop each process in turn: ask it to end, wait, then kill what is left of it and its descendants."""
    for pid in pids:
        members = tree_of(pid)
        if members:
            with contextlib.suppress(psutil.NoSuchProcess):
                members[0].terminate()
            psutil.wait_procs(members[:1], timeout=patience)
            kill_all(members)


def kill_all(processes: list[psutil.Process]) -> None:
    """Kill those of the processes that are still alive, and wait until they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)
