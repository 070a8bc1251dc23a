"""Looking at a task, and at the work-horse that has it."""

from subprocess import Popen

import psutil

from exports.models import Task


def reached(task: Task, status: str, attempt: int = 1) -> bool:
    task.refresh_from_db()
    return task.status == status and task.attempt == attempt


def horse_of(worker: "Popen[bytes]") -> int:
    """Return the process id of the worker's only work-horse."""
    [horse] = psutil.Process(worker.pid).children()
    return int(horse.pid)
