"""A worker that notes what each job cost its work-horse: memory, time, and statements that write."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.mail import send_mail
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from rq import Queue
from rq.executions import Execution
from rq.job import Job

from benchmarks.peak import peak_memory, reset_peak_memory
from tasks.registry import background
from tasks.worker import TaskWorker

WRITING = ("INSERT", "UPDATE", "DELETE")


class MeasuredWorker(TaskWorker):
    """The site's own worker; its work-horses leave a file for each job."""

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Do the job, in the work-horse, and note what it cost."""
        writes = WriteCount()
        reset_peak_memory()
        started = time.perf_counter()
        try:
            with writes.counting():
                return bool(super().perform_job(job, queue, execution))
        finally:
            note = {
                "seconds": time.perf_counter() - started,
                "peak_memory": peak_memory(),
                "writes": writes.count,
            }
            _leave(note_path(job.id), orjson.dumps(note))


@background
def send_an_email(_number: str) -> None:
    """Send an email, and do nothing else."""
    send_mail("Hello", "Hello", None, ["reader@example.com"])


class WriteCount:
    """Counts the statements that write, on every connection: the heartbeat's thread has one of its own."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count within the block."""
        connection_created.connect(self._watch)
        for connection in connections.all(initialized_only=True):
            connection.execute_wrappers.append(self._execute)
        yield

    def _watch(self, connection: BaseDatabaseWrapper, **_signal: Any) -> None:
        if self._execute not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._execute)

    def _execute(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += sql.lstrip().upper().startswith(WRITING)
        return execute(sql, params, many, context)


def note_path(job_id: str) -> Path:
    """Return the file with what a job cost: `seconds`, `peak_memory` in bytes, `writes`."""
    return settings.VAR_DIR / "measured" / f"{job_id}.json"


def _leave(path: Path, content: bytes) -> None:
    """Write the file so that it is there whole, or not at all."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_bytes(content)
    draft.rename(path)
