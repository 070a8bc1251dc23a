"""The site's own processes, as in production: gunicorn, and `manage.py rqworker`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from signal import SIGTERM

from benchmarks.bench import Bench
from development.embedded_server import BASE_DIR, die_with_parent
from development.process_tree import stop_in_order
from tests.mail_server import free_port
from tests.waiting import wait_until
from tests.workers import is_listening

MEASURED = "benchmarks.horse.MeasuredWorker"
MINIMAL = {"wsgi": "benchmarks.minimal.wsgi", "DJANGO_SETTINGS_MODULE": "benchmarks.minimal.settings"}
"""The options for `gunicorn` to run the minimal view."""
START_TIMEOUT = 30  # seconds


@contextmanager
def worker(bench: Bench, *, queue: str = "default", measured: bool = False, **variables: str) -> Iterator[int]:
    """Run a worker that takes jobs; yield its process id. A `measured` one notes what each job cost."""
    log = bench.folder / "worker.log"
    options = ["--worker-class", MEASURED] if measured else []
    with running([sys.executable, "manage.py", "rqworker", queue, *options], log, variables) as process:
        wait_until(lambda: is_listening(process, log), START_TIMEOUT, what="The worker")
        yield process.pid


@contextmanager
def gunicorn(
    bench: Bench, *, workers: int, wsgi: str = "microblog_project.wsgi", **variables: str
) -> Iterator[tuple[int, int]]:
    """Run gunicorn with its synchronous workers until it answers; yield its port and its process id."""
    port = free_port()
    command = ["-m", "gunicorn", wsgi, "--workers", str(workers), "--bind", f"127.0.0.1:{port}"]
    with running([sys.executable, *command], bench.folder / "gunicorn.log", variables) as process:
        wait_until(lambda: _answers(port), START_TIMEOUT, what=f"gunicorn {wsgi}")
        yield port, process.pid


@contextmanager
def running(command: list[str], log: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own; it ends with the block, and with us however we end."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=BASE_DIR,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(SIGTERM, os.getpid()),  # noqa: PLW1509 - no thread of ours holds a lock
        )
    try:
        yield process
    finally:
        stop_in_order([process.pid], patience=3)
        process.wait()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
