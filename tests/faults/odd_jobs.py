"""Jobs that no part of the site queues, for real workers to stumble upon."""

import time

from exports.jobs import run_task
from exports.models import Task
from exports.services.progress import Heartbeat


def deaf(task_id: str, seconds: float) -> None:
    """Work on a task for `seconds`, and take its time-out for one of many errors."""
    run_task(task_id, lambda task, heartbeat: work_on(seconds))


def work_on(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            time.sleep(0.1)
        except Exception:
            continue


def silent(task_id: str) -> None:
    """Take a task and end without a word of it."""
    run_task(task_id, say_nothing)


def say_nothing(_task: Task, _heartbeat: Heartbeat) -> None:
    pass
