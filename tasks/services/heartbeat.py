"""The heartbeat of a running task: progress for the member, a sign of life for the recovery, and interruptions.

A job that saves checkpoints can be interrupted, to resume later: when its worker stops, when its queue is paused, or
when others wait.
"""

import logging
import signal
import threading
import time
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import DatabaseError, connections
from rq import get_current_job

from tasks.exceptions import ClaimLostError, TaskInterruptedError
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.pause import queue_is_paused
from tasks.queue.client import QueueUnavailableError, job_show_progress
from tasks.services.transitions import task_beat

logger = logging.getLogger(__name__)


STOP_SIGNAL = signal.SIGUSR1
"""What a worker that is being stopped sends to its work-horse."""


class StopRequest:
    """Whether the worker of this process is being stopped; a work-horse inherits the answer."""

    is_made = False

    def make(self, *_signal: Any) -> None:
        """Ask the job to stop after its next checkpoint; one without checkpoints continues. A signal handler."""
        self.is_made = True


stop_request = StopRequest()


def interruption_reason(task: Task, *, seconds: float) -> Reason | None:
    """Return why the running task should stop, None if it may continue; its attempt began so many seconds ago.

    An attempt that nears the time limit is interrupted too: only one without checkpoints can exceed it.
    """
    if queue_is_paused(task.queue):
        return Reason.QUEUE_PAUSED
    if seconds < settings.EXPORT_TIME_SLICE:
        return None
    others = Task.objects.filter(status=TaskStatus.QUEUED, queue=task.queue, run_after=None)
    return Reason.SLICE_OVER if seconds > settings.EXPORT_JOB_TIMEOUT / 2 or others.exists() else None


class Heartbeat:
    """Writes a task's progress about once a second from a thread of its own, while the job works.

    The thread has its own database connection, so that the job's long read is not disturbed; and it beats
    while the job waits for a slow storage or mail server, so that a living worker never looks dead.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.total = task.total  # of an attempt that resumes; 0 for others
        self.done = task.done
        self.has_checkpoint = False
        self._began_at = time.monotonic()
        self._interruption: Reason | None = None
        self._is_job = get_current_job() is not None
        self._stop = threading.Event()
        self._lost = threading.Event()
        # Its log lines name the task too.
        beat = partial(copy_context().run, self._run)
        self._thread = threading.Thread(target=beat, name=f"heartbeat-{task.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if kind is TaskInterruptedError:
            self._beat()  # so that the member sees how far it got

    def advance(self, done: int) -> None:
        """Note that `done` units are done. It costs nothing; the thread writes it at its next beat.

        Raises ClaimLostError if the task is no longer this attempt's, TaskInterruptedError if it should resume later.
        """
        self.done = done
        if self._lost.is_set():
            raise ClaimLostError(self.task.pk)
        reason = Reason.INTERRUPTED if stop_request.is_made else self._interruption
        if self.has_checkpoint and reason:
            raise TaskInterruptedError(reason)

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
            if self.has_checkpoint:
                self._interruption = interruption_reason(self.task, seconds=time.monotonic() - self._began_at)
        except DatabaseError:
            # A passing fault costs one beat. A lasting one lets the task become stale: then another worker claims it,
            # and the guard of the attempt keeps this one out.
            logger.exception("Task %s: the heartbeat could not be written", self.task.pk)
            connections.close_all()
            return
        if task is None:
            self._lost.set()
            return
        if not self._is_job:
            return
        try:  # for RQ's own tools; it must never fail the job
            job_show_progress(str(self.task.pk), task.progress)
        except QueueUnavailableError:
            logger.warning("Task %s: job.meta could not be written", self.task.pk, exc_info=True)
