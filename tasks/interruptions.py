"""When a job that saves checkpoints is asked to stop, and to resume later: at a deploy, at a pause, or for others."""

import signal
from typing import Any

from django.conf import settings

from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.pause import queue_is_paused

SIGNAL = signal.SIGUSR1
"""What a worker that is being stopped sends to its work-horse."""


class StopRequest:
    """Whether this process has been told that its worker is being stopped."""

    def __init__(self) -> None:
        self.is_made = False

    def listen(self) -> None:
        """Take SIGNAL for a request. Work-horses inherit that, and a request that was made before they began."""
        signal.signal(SIGNAL, self.make)

    def make(self, *_signal: Any) -> None:
        """Ask the job to stop after its next checkpoint; one without checkpoints goes on."""
        self.is_made = True


stop_request = StopRequest()


def interruption_reason(task: Task, *, seconds: float) -> Reason | None:
    """Return why the running task should stop, None while it may go on; its attempt began so many seconds ago.

    An attempt that nears the time limit is interrupted too: only one without checkpoints can exceed it.
    """
    if queue_is_paused(task.queue):
        return Reason.QUEUE_PAUSED
    if seconds < settings.EXPORT_TIME_SLICE:
        return None
    others = Task.objects.filter(status=TaskStatus.QUEUED, queue=task.queue, run_after=None)
    return Reason.SLICE_OVER if seconds > settings.EXPORT_JOB_TIMEOUT / 2 or others.exists() else None
