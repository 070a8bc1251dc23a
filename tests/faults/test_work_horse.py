"""A work-horse that dies: its own worker has the task running again at once."""

import os
import signal
from collections.abc import Callable
from subprocess import Popen
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import psutil
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue

from accounts.models import User
from tasks.models import TaskStatus
from tasks.registry import RUN
from tasks.services.launch import task_launch
from tasks.worker import TaskWorker
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


@pytest.mark.usefixtures("transactional_db", "own_signals")
def test_a_worker_that_got_no_work_horse_starts_afresh(redis_queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """RQ would end the failed job's execution in the place of the next one's, and leave a thread listening."""
    jobs = [redis_queue.enqueue_call(RUN, args=[str(uuid4())]) for _each in range(2)]
    monkeypatch.setattr("os.fork", Mock(side_effect=[BlockingIOError, SystemExit]))
    worker = TaskWorker([redis_queue], connection=redis_queue.connection)
    monkeypatch.setattr(worker, "register_death", Mock(side_effect=[RedisConnectionError, None]))
    listeners: list[Any] = []
    monkeypatch.setattr(worker, "set_state", lambda _state, pipeline=None: listeners.append(worker.pubsub_thread))
    worker.work()
    assert [execution.job_id for execution in worker.executions.values()] == [jobs[1].id]
    assert [listener._running.is_set() for listener in dict.fromkeys(listeners) if listener] == [False, False]
