"""Jobs that no part of the site queues, for workers to stumble upon: registered like ours, but by tests alone.

A real worker knows them with DJANGO_SETTINGS_MODULE=tests.faults.odd_settings; the test's own process by `odd_jobs`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from accounts.models import User
from exports.jobs import run_task
from exports.models import Task
from exports.services.kinds import KINDS, TaskKind
from exports.services.progress import Heartbeat

NAMES = ("deaf", "divide_by_zero", "rename_first_member", "root_of_minus_one", "sleep")


def path_of(name: str) -> str:
    """Return what a job of that name calls."""
    return f"{__name__}.{name}"


def register() -> None:
    """Have this process perform them."""
    KINDS.update({name: TaskKind(name, name, path_of(name)) for name in NAMES})


@contextmanager
def registered() -> Iterator[None]:
    """Have this process perform them for a while."""
    register()
    try:
        yield
    finally:
        for name in NAMES:
            del KINDS[name]


def deaf(task_id: str) -> None:
    """Work on a task for the seconds that it names, and take its time-out for one of many errors."""
    run_task(task_id, work_on)


def work_on(task: Task, _heartbeat: Heartbeat) -> None:
    end = time.monotonic() + task.params["seconds"]
    while time.monotonic() < end:
        try:
            time.sleep(0.1)
        except Exception:
            continue


def divide_by_zero(_task_id: str) -> None:
    divmod(1, 0)


def root_of_minus_one(_task_id: str) -> None:
    raise ValueError("A negative number has no root")


def rename_first_member(_task_id: str) -> None:
    User.objects.update(username="anna")


def sleep(_task_id: str) -> None:
    time.sleep(120)
