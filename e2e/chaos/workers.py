"""The workers, each kept alive as a supervisor would."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM
from threading import Event, Lock, Thread
from typing import BinaryIO

import psutil

from tests.faults.horses import children_of
from tests.running_site import manage

RESTART_PAUSE = 1.0  # seconds, as in deploy/
LOOK_EVERY = 0.05  # seconds
STARTED = re.compile(r"Worker (\w+): started with PID (\d+)")


class Workers:
    """So many `manage.py rqworker default`, each in a session of its own, writing to `log`."""

    def __init__(self, log: Path, number: int, guard: BinaryIO) -> None:
        """Start them; `guard` is told their process ids, and stops them if this process is killed."""
        self._log = log
        self._guard = guard
        self._leaders: set[int] = set()
        self._read = 0
        self._pids: dict[str, int] = {}  # by the name that RQ gives a worker
        self._processes = [self._start() for _ in range(number)]
        self._may_start = Event()
        self._may_start.set()
        self._is_over = Event()
        self._lock = Lock()
        self._supervisors = [Thread(target=self._keep, args=(place,), daemon=True) for place in range(number)]
        for supervisor in self._supervisors:
            supervisor.start()

    def _start(self) -> "subprocess.Popen[bytes]":
        process = manage(self._log, dict(os.environ), "rqworker", "default")
        self._leaders.add(process.pid)
        self._guard.write(f"{process.pid}\n".encode())
        return process

    def _keep(self, place: int) -> None:
        while not self._is_over.wait(LOOK_EVERY):
            if self._processes[place].poll() is None:
                continue
            self._is_over.wait(RESTART_PAUSE)
            with self._lock:
                if self._may_start.is_set() and not self._is_over.is_set():
                    self._processes[place] = self._start()

    def alive(self) -> list[int]:
        """Return the process ids of the workers that run; one that is frozen does not."""
        return [process.pid for process in self._processes if is_running(process.pid)]

    def is_any_alive(self) -> bool:
        """Return whether a worker runs."""
        return bool(self.alive())

    def is_any_at_work(self) -> bool:
        """Return whether a worker runs, or a work-horse, be it an orphan."""
        return bool(self.alive()) or any(is_running(pid) for pid in self._all())

    def horse_of(self, worker: int) -> int | None:
        """Return the process id of the work-horse of a worker."""
        with suppress(psutil.Error):
            return next(iter(children_of(worker)), None)
        return None

    def pid_of(self, name: str) -> int | None:
        """Return the process id of the worker that RQ calls `name`, which is in its log."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            whole_lines, _end, _rest = log.read().rpartition(b"\n")
        self._read += len(whole_lines)
        self._pids |= {name: int(pid) for name, pid in STARTED.findall(whole_lines.decode(errors="replace"))}
        return self._pids.get(name)

    def _all(self) -> list[int]:
        """Return the processes of all workers ever started."""
        return [pid for pid in psutil.pids() if session_of(pid) in self._leaders]

    @contextmanager
    def none_left(self, *, gently: bool) -> Iterator[None]:
        """Kill them all with their work-horses, or tell them to stop, and start none until the block ends."""
        with self._lock:
            self._may_start.clear()
        try:
            self._signal_all(SIGTERM if gently else SIGKILL)
            yield
        finally:
            self._may_start.set()

    def _signal_all(self, signal_number: int) -> None:
        for pid in self._all():
            with suppress(ProcessLookupError):
                os.kill(pid, SIGCONT)
                os.kill(pid, signal_number)

    def stop(self) -> None:
        """Kill them for good."""
        with self._lock:
            self._is_over.set()
        self._signal_all(SIGKILL)


def is_running(pid: int) -> bool:
    """Return whether the process is neither gone nor frozen."""
    try:
        return psutil.Process(pid).status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED}
    except psutil.Error:
        return False


def session_of(pid: int) -> int | None:
    """Return the session of a process, None if it is gone."""
    with suppress(OSError):
        return os.getsid(pid)
    return None
