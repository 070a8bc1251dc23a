"""Workers for tests: one inside the test's process, and real ones."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django_rq
import psutil
from django.conf import settings
from django.db import connection
from rq import Queue, SimpleWorker, Worker
from rq.job import Job

from tasks.services.recovery import task_recover_from_worker
from tasks.worker import TaskWorker
from tests.running_site import works_in
from tests.waiting import wait_until


class InProcessWorker(TaskWorker):
    """An TaskWorker that runs its jobs itself, in the test's process and transaction."""

    def subscribe(self) -> None:
        """Don't listen for commands: tests send none, and the thread takes a second to end."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the job without a work-horse."""
        SimpleWorker.execute_job(self, job, queue)  # type: ignore[arg-type]
        task_recover_from_worker(task_id=job.id, worker=self.name)


def database_url() -> str:
    """Return a DATABASE_URL for the test database."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    return f"postgres://postgres@/{quote(config['NAME'])}?host={quote(config['OPTIONS']['host'])}"


def child_environment(**variables: str) -> dict[str, str]:
    """Return the environment of a process that shares the test's database and queue server."""
    return os.environ | {"DATABASE_URL": database_url(), "PYTHONUNBUFFERED": "1"} | variables


def start_worker(log: Path, *wrapper: str, **variables: str) -> "subprocess.Popen[bytes]":
    """Start `manage.py rqworker default`, wait until it takes jobs, and return it; it writes to `log`.

    `wrapper` is a command that becomes the command after it (with `exec`).
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*wrapper, sys.executable, "manage.py", "rqworker", "default"],
            cwd=settings.BASE_DIR,
            env=child_environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: is_listening(process, log), what="The worker", found=log.read_text)
    except BaseException:
        stop_process(process)
        raise
    return process


def is_listening(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    """Return whether this worker takes jobs; raise AssertionError with its output if it has ended."""
    assert process.poll() is None, f"The worker ended with {process.returncode}:\n{log.read_text()}"
    return any(worker.pid == process.pid for worker in Worker.all(connection=queue_connection()))


def living_workers() -> list[psutil.Process]:
    """Return the worker processes, work-horses without a worker among them, that have not ended."""
    return [
        process
        for process in psutil.process_iter()
        if works_in(process, settings.VAR_DIR) and "rqworker" in process.cmdline()
    ]


def queue_connection() -> Any:
    """Return a connection to the test's queue server."""
    return django_rq.get_connection("default")


def stop_process(process: "subprocess.Popen[bytes]", timeout: float = 60) -> None:
    """Stop a process gently (SIGTERM), or by force after `timeout` seconds."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
