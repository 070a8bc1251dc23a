"""Stopping a worker: a deploy, Ctrl-C, Docker, systemd. None costs the member an attempt."""

import os
import signal
import sys
from collections.abc import Callable
from subprocess import Popen

import psutil
import pytest
from rq import Queue
from rq import Worker as RqWorker

from accounts.models import User
from exports.models import Task, TaskStatus
from exports.services.launching import task_launch
from microblog_project.embedded_server import BASE_DIR
from tests.faults.horses import horse_of, reached
from tests.waiting import wait_until
from tests.workers import child_environment, queue_connection, stop_process

Worker = Popen[bytes]
WorkerFactory = Callable[..., Worker]


def started(susan: User, seconds: int) -> Task:
    task = task_launch(user=susan, name="example", params={"seconds": seconds})
    wait_until(lambda: reached(task, TaskStatus.RUNNING))
    return task


def ended(worker: Worker, timeout: float = 10) -> int:
    return worker.wait(timeout)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_job_that_is_nearly_done_ends_before_its_worker(
    susan: User, worker_process: Worker, signal_number: int
) -> None:
    task = started(susan, 2)
    worker_process.send_signal(signal_number)
    assert ended(worker_process) == 0
    assert reached(task, TaskStatus.SUCCEEDED)


def test_a_longer_job_is_handed_back_after_the_grace(susan: User, worker_factory: WorkerFactory) -> None:
    worker = worker_factory(EXPORT_STOP_GRACE="1")
    task = started(susan, 600)
    worker.terminate()
    assert ended(worker) == 0
    assert reached(task, TaskStatus.QUEUED)
    assert task.failures == 0
    Task.objects.filter(pk=task.pk).update(params={"seconds": 0})
    worker_factory()
    wait_until(lambda: reached(task, TaskStatus.RUNNING, 2))


def test_the_second_signal_hands_the_job_back_at_once(susan: User, worker_process: Worker) -> None:
    task = started(susan, 600)
    worker_process.terminate()
    wait_until(lambda: psutil.Process(worker_process.pid).num_threads() > 2, what="The first signal's timer")
    worker_process.terminate()
    assert ended(worker_process) == 0
    assert reached(task, TaskStatus.QUEUED)
    assert task.failures == 0


def test_a_signal_to_the_whole_group_hands_the_job_back_at_once(susan: User, worker_process: Worker) -> None:
    """What systemd does by default (KillMode=control-group)."""
    task = started(susan, 600)
    horse = horse_of(worker_process)
    worker_process.terminate()
    os.kill(horse, signal.SIGTERM)
    assert ended(worker_process) == 0
    assert reached(task, TaskStatus.QUEUED)
    assert task.failures == 0


def test_a_worker_that_is_stopped_as_soon_as_it_is_known_ends_in_order(redis_queue: Queue) -> None:
    """RQ registers a worker before it listens to signals."""
    worker = Popen([sys.executable, "manage.py", "rqworker", "default"], cwd=BASE_DIR, env=child_environment())
    connection = queue_connection()
    try:
        wait_until(
            lambda: any(known.pid == worker.pid for known in RqWorker.all(connection=connection)), interval=0.0005
        )
        worker.terminate()
        assert ended(worker) == 0
    finally:
        stop_process(worker)


def test_an_idle_worker_ends_at_once(worker_process: Worker) -> None:
    worker_process.terminate()
    assert ended(worker_process, 6) == 0


def test_an_orphaned_work_horse_finishes_its_job_and_nobody_runs_it_again(
    susan: User, worker_factory: WorkerFactory
) -> None:
    """Only the parent is killed: the work-horse lives on, and its heartbeats say so."""
    short = {"EXPORT_STALE_AFTER": "1", "EXPORT_RECONCILE_INTERVAL": "1", "EXPORT_PROGRESS_INTERVAL": "0.2"}
    first = worker_factory(**short)
    task = started(susan, 4)
    first.kill()
    worker_factory(**short)
    wait_until(lambda: reached(task, TaskStatus.SUCCEEDED), timeout=15)
    assert task.failures == 0
