"""A process that outlives `run_site` by a moment, to stop what it started if it is killed itself.

It reads process ids, one a line, from a pipe whose other end only `run_site` holds. The pipe ends when
`run_site` does, whichever way, SIGKILL included; then whatever is left of those processes is stopped.
"""

import os
import subprocess
import sys
from typing import BinaryIO

from development.embedded_server import BASE_DIR
from development.process_tree import stop_in_order

PATIENCE = 1.0
"""Seconds that each process has to end by itself; the next `run_site` may already be waiting for the port."""


def start() -> BinaryIO:
    """Start a guard; write the ids of processes to the file returned, and keep it open."""
    read_end, write_end = os.pipe()
    subprocess.Popen(
        [sys.executable, "-m", "development.watchdog"],
        cwd=BASE_DIR,
        stdin=read_end,
        start_new_session=True,  # Ctrl-C in the terminal is not meant for it
    )
    os.close(read_end)
    return os.fdopen(write_end, "wb", buffering=0)


def main() -> None:
    """Wait for the end of the pipe, then stop the processes in the order in which they came."""
    pids = [int(line) for line in sys.stdin]
    stop_in_order(pids, patience=PATIENCE)


if __name__ == "__main__":
    main()
