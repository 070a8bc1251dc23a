"""The heartbeat of a running task: progress for the member, and proof of life for everybody else."""

import logging
import threading
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import DatabaseError, connections
from redis.exceptions import RedisError
from rq import get_current_job
from rq.job import Job

from exports.models import Task
from exports.services.transitions import task_beat

logger = logging.getLogger(__name__)


class ClaimLostError(Exception):
    """The task was cancelled or given to another worker: this one must stop, quietly."""


class Heartbeat:
    """Writes a task's progress about once a second from a thread of its own, while the job works.

    The thread has its own database connection, so that the job's long read is not disturbed; and it beats
    while the job waits for a slow storage or mail server, so that a living worker is never declared dead.
    """

    def __init__(self, task: Task, *, total: int = 0) -> None:
        self.task = task
        self.total = total
        self.done = 0
        self._job: Job | None = get_current_job()
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{task.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def advance(self, done: int) -> None:
        """Note that `done` items are behind us. Costs nothing; the thread writes it at its next beat.

        Raises ClaimLostError.
        """
        self.done = done
        self.check()

    def check(self) -> None:
        """Raise ClaimLostError if the task is no longer ours."""
        if self._lost.is_set():
            raise ClaimLostError(self.task.pk)

    def _run(self) -> None:
        try:
            while not self._stop.wait(settings.EXPORT_PROGRESS_INTERVAL):
                self._beat()
                if self._lost.is_set():
                    return
        finally:
            connections.close_all()

    def _beat(self) -> None:
        try:
            task = task_beat(self.task, done=self.done, total=self.total)
        except DatabaseError:
            # A passing fault costs one beat. A lasting one lets the task go stale: then another worker has it,
            # and the fence keeps this one out.
            logger.exception("Task %s: the heartbeat could not be written", self.task.pk)
            connections.close_all()
            return
        if task is None:
            self._lost.set()
            return
        self._tell_rq(task.progress)

    def _tell_rq(self, progress: int) -> None:
        """Keep `job.meta`, which RQ's own tools show; it must never fail the job."""
        if self._job is None:
            return
        self._job.meta["progress"] = progress
        try:
            self._job.save_meta()
        except RedisError:
            logger.warning("Task %s: job.meta could not be written", self.task.pk, exc_info=True)
