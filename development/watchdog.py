"""A process that stops what `run_site` started if `run_site` itself is killed.

It reads process ids, one a line, from a pipe whose other end only `run_site` holds. The pipe ends with `run_site`,
even after SIGKILL; the watchdog then stops the remaining processes.
"""

import os
import subprocess
import sys
from typing import BinaryIO

from development.embedded_server import BASE_DIR
from development.process_tree import stop_in_order

PATIENCE = 1.0
"""Seconds that each process gets to end; the next `run_site` may already be waiting for the port."""


def start() -> BinaryIO:
    """Start a watchdog; write process ids to the returned file, and keep it open."""
    read_end, write_end = os.pipe()
    subprocess.Popen(
        [sys.executable, "-m", "development.watchdog"],
        cwd=BASE_DIR,
        stdin=read_end,
        start_new_session=True,  # the terminal sends it no Ctrl-C
    )
    os.close(read_end)
    return os.fdopen(write_end, "wb", buffering=0)


def main() -> None:
    """Wait for the end of the pipe, then stop the processes in the order of their ids in it."""
    pids = [int(line) for line in sys.stdin]
    stop_in_order(pids, patience=PATIENCE)


if __name__ == "__main__":
    main()
