"""Looking at a task and at the processes that have it; stopping, waking and killing them."""

import os
import signal
import sqlite3
from contextlib import closing, suppress
from subprocess import Popen

import psutil
from django.conf import settings
from django.db import OperationalError, connection, transaction

from exports.models import Task, TaskStatus
from tests.running_site import works_in
from tests.waiting import wait_until


def reached(task: Task, status: str, attempt: int = 1) -> bool:
    task.refresh_from_db()
    return task.status == status and task.attempt == attempt


def runs(task: Task, attempt: int = 1) -> None:
    """Return as soon as the task's attempt has begun."""
    wait_until(lambda: reached(task, TaskStatus.RUNNING, attempt), interval=0.005, what=f"Attempt {attempt}")


def horse_of(worker: "Popen[bytes]") -> int:
    """Return the process id of the worker's only work-horse."""
    [horse] = psutil.Process(worker.pid).children()
    return int(horse.pid)


def has_horse(worker: "Popen[bytes]") -> bool:
    return bool(psutil.Process(worker.pid).children())


def pause(*pids: int) -> None:
    """Stop the processes (SIGSTOP) in a moment at which they keep nobody from writing to the database."""
    wait_until(lambda: _stopped_harmlessly(*pids), interval=0.01, what="A harmless moment")


def stop(*pids: int) -> None:
    """Stop the processes (SIGSTOP), whatever they are at."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in pids))


def _stopped_harmlessly(*pids: int) -> bool:
    stop(*pids)
    if _is_writable():
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


def living_workers() -> list[psutil.Process]:
    """Return the worker processes, work-horses without a worker among them, that this test has not ended."""
    return [
        process
        for process in psutil.process_iter()
        if works_in(process, settings.VAR_DIR) and "rqworker" in process.cmdline()
    ]
