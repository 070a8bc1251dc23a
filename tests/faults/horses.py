"""Looking at a task and at the processes that have it; stopping, waking and killing them."""

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from subprocess import Popen

import psutil
from django.db import OperationalError, connection, transaction

from tasks.models import Task, TaskStatus
from tests.waiting import wait_until


def reached(task: Task, status: str, attempt: int = 1) -> bool:
    task.refresh_from_db()
    return task.status == status and task.attempt == attempt


def reaches(task: Task, status: str, attempt: int = 1) -> None:
    """Return as soon as the task has this status in this attempt."""
    wait_until(
        lambda: reached(task, status, attempt),
        interval=0.005,
        what=f"{status!r} in attempt {attempt}",
        found=lambda: f"{task.status!r} in attempt {task.attempt}, failures: {task.failures}, error: {task.error!r}",
    )


def runs(task: Task, attempt: int = 1) -> None:
    """Return as soon as the task's attempt has begun."""
    reaches(task, TaskStatus.RUNNING, attempt)


def horse_of(worker: "Popen[bytes]") -> int:
    """Return the process id of the worker's only work-horse."""
    [horse] = children_of(worker.pid)
    return horse


def has_horse(worker: "Popen[bytes]") -> bool:
    return bool(children_of(worker.pid))


def children_of(pid: int) -> list[int]:
    """Return the process ids of a worker's children: work-horses."""
    return [child.pid for child in psutil.Process(pid).children()]


def pause(*pids: int) -> None:
    """Stop the processes (SIGSTOP) at a moment when they don't block writes to the database."""
    wait_until(lambda: _stopped_while(_is_writable, *pids), interval=0.01, what="A harmless moment")


def pause_while_tasks_are_held(*pids: int) -> None:
    """Stop the processes, which cannot write now, at a moment when they don't block the database.

    Who closes a connection to SQLite keeps all new ones out for an instant.
    """
    wait_until(lambda: _stopped_while(_is_readable, *pids), interval=0.01, what="A harmless moment")


def stop(*pids: int) -> None:
    """Stop the processes (SIGSTOP), whatever they are at."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in pids))


def _stopped_while(is_free: Callable[[], bool], *pids: int) -> bool:
    stop(*pids)
    if is_free():
        return True
    wake(*pids)
    return False


def _is_writable() -> bool:
    """Return whether the tasks can be written at once."""
    try:
        if connection.vendor == "sqlite":
            with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as database:
                database.execute("BEGIN IMMEDIATE")
        else:
            with transaction.atomic():
                list(Task.objects.select_for_update(nowait=True))
    except (OperationalError, sqlite3.OperationalError):
        return False
    return True


def _is_readable() -> bool:
    """Return whether a new connection can be used at once."""
    if connection.vendor != "sqlite":
        return True
    try:
        with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as database:
            database.execute("SELECT 1 FROM exports_task").fetchone()
    except sqlite3.OperationalError:
        return False
    return True


def wake(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def kill(*pids: int) -> None:
    """Kill the processes all at once (SIGKILL), as a machine does that fails."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Return whether the process has ended."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True
