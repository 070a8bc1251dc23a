"""The memory and processor time of the site's processes, by kind."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import psutil

from e2e.whole_site import WholeSite

WORK_HORSES = "work-horses"
"""They come and go with the exports, and are as large as these want."""
KINDS = ("web", "workers", WORK_HORSES, "PostgreSQL", "Valkey")
TICK = os.sysconf("SC_CLK_TCK")
SERVERS = {"PostgreSQL": "postgres", "Valkey": "valkey-server"}
"""Our own children, by the beginning of their names."""


def processes_of(site: WholeSite) -> dict[str, list[psutil.Process]]:
    """Return the site's living processes by kind."""
    workers = list(_existing(site.workers.alive()))
    found = {
        "web": [process for web in _existing([site.web]) for process in tree(web)],
        "workers": workers,
        WORK_HORSES: [child for worker in workers for child in children_of(worker)],
    }
    for kind, name in SERVERS.items():
        found[kind] = [process for leader in _our_children(name) for process in tree(leader)]
    return found


def _existing(pids: Iterable[int]) -> Iterator[psutil.Process]:
    """Yield the processes that have not ended meanwhile."""
    for pid in pids:
        with suppress(psutil.Error):
            yield psutil.Process(pid)


def _our_children(name: str) -> Iterator[psutil.Process]:
    """Yield the processes whose names have this prefix."""
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if child.name().startswith(name):
                yield child


def tree(leader: psutil.Process) -> list[psutil.Process]:
    """Return a process and all below it."""
    return [leader, *children_of(leader)]


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """Return all below a process, which may have ended."""
    with suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def memory_of(kind: str, processes: Iterable[psutil.Process]) -> int:
    """Return the memory of processes of one kind in bytes.

    Shared pages count by each one's share of them (PSS). Not a worker's: it shares almost everything with each
    work-horse that it forks, and would seem to shrink and grow with the exports. Of workers all counts (RSS).
    """
    measure = b"Rss:" if kind == "workers" else b"Pss:"
    return sum(_memory(process.pid, measure) for process in processes)


def _memory(pid: int, measure: bytes) -> int:
    """Return one of the sums that Linux keeps of a process, in bytes; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(measure):
                return int(line.split()[1]) * 1024
    return 0


def cpu_of(pid: int) -> float:
    """Return the seconds of processor time that a process and its ended children have taken; 0 if it has ended."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICK
    return 0.0


def cpu_by_kind(site: WholeSite) -> dict[str, float]:
    """Return the seconds of processor time that each kind has taken so far; a work-horse's are its worker's."""
    found = processes_of(site)
    seconds = {kind: sum(cpu_of(process.pid) for process in found[kind]) for kind in KINDS}
    seconds["workers"] += seconds.pop(WORK_HORSES)
    return seconds


class MemoryWatch:
    """A context manager: looks at the memory of each kind every `interval` seconds."""

    def __init__(self, site: WholeSite, interval: float = 1.0) -> None:
        self.samples: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self._site = site
        self._interval = interval
        self._is_over = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(self._interval):
            with suppress(psutil.Error):  # one that has just ended
                for kind, processes in processes_of(self._site).items():
                    self.samples[kind].append(memory_of(kind, processes))


class CpuMeter:
    """Counts the processor time of each kind from its making on."""

    def __init__(self, site: WholeSite) -> None:
        self._site = site
        self._started = time.monotonic()
        self._before = cpu_by_kind(site)

    def read(self) -> dict[str, float]:
        """Return the seconds by kind."""
        return {kind: seconds - self._before[kind] for kind, seconds in cpu_by_kind(self._site).items()}

    @property
    def seconds(self) -> float:
        """Return the time that has passed."""
        return time.monotonic() - self._started
