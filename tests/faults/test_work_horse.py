"""A work-horse that dies: its own worker has the task running again at once."""

import os
import signal
from collections.abc import Callable
from subprocess import Popen

import psutil
import pytest

from accounts.models import User
from tasks.models import TaskStatus
from tasks.services.launch import task_launch
from tests.faults.horses import horse_of, reaches, runs

Worker = Popen[bytes]

pytestmark = [pytest.mark.processes, pytest.mark.short]


def test_a_killed_work_horse_costs_one_attempt(susan: User, worker_process: Worker) -> None:
    task = task_launch(user=susan, name="example", params={"seconds": 2})
    runs(task)
    os.kill(horse_of(worker_process), signal.SIGKILL)
    reaches(task, TaskStatus.SUCCEEDED, 2)


def test_another_worker_takes_over_from_a_killed_one(susan: User, worker_factory: Callable[..., Worker]) -> None:
    short = {"EXPORT_STALE_AFTER": "2", "EXPORT_RECONCILE_INTERVAL": "1"}
    first, second = worker_factory(**short), worker_factory(**short)
    task = task_launch(user=susan, name="example", params={"seconds": 3})
    runs(task)
    holder = first if psutil.Process(first.pid).children() else second
    horse = horse_of(holder)
    holder.kill()
    os.kill(horse, signal.SIGKILL)
    reaches(task, TaskStatus.SUCCEEDED, 2)


def test_a_task_whose_work_horse_keeps_dying_fails_with_a_reason(susan: User, worker_process: Worker) -> None:
    task = task_launch(user=susan, name="example", params={"seconds": 60})
    for attempt in (1, 2, 3):
        runs(task, attempt)
        os.kill(horse_of(worker_process), signal.SIGKILL)
    reaches(task, TaskStatus.FAILED, 3)
    assert task.error == "It was interrupted 3 times, so we gave up."
    assert task.progress < 100
    assert task_launch(user=susan, name="example", params={"seconds": 1}).status == TaskStatus.QUEUED
