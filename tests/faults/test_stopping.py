"""Stopping a worker: a deploy, Ctrl-C, Docker, systemd. None costs the member an attempt."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from subprocess import Popen

import psutil
import pytest
from rq import Queue
from rq import Worker as RqWorker

from accounts.models import User
from development.embedded_server import BASE_DIR
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tests.faults.conftest import PATIENT
from tests.faults.horses import horse_of, is_gone, kill, reached, reaches, runs
from tests.faults.many_posts import tasks_held, write_many_posts
from tests.faults.outcomes import assert_exported, stored_files
from tests.faults.pages import start_export
from tests.mail_server import MailServer
from tests.members import signed_in_client
from tests.waiting import LIMIT, wait_until
from tests.workers import InProcessWorker, child_environment, queue_connection, stop_process

Worker = Popen[bytes]
WorkerFactory = Callable[..., Worker]


def started(susan: User, seconds: int) -> Task:
    task = task_launch(user=susan, name="example", params={"seconds": seconds})
    runs(task)
    return task


def export_held_by(worker: Worker, susan: User) -> tuple[Task, int]:
    """Have the worker begin an export; return its task and its work-horse."""
    write_many_posts(susan)
    task = start_export(signed_in_client(susan), "archive")
    runs(task)
    return task, horse_of(worker)


def ended(worker: Worker) -> int:
    return worker.wait(LIMIT)


@pytest.mark.processes
@pytest.mark.short
@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_nearly_finished_job_completes_before_its_worker_stops(
    susan: User, worker_factory: WorkerFactory, signal_number: int
) -> None:
    worker = worker_factory(EXPORT_STOP_GRACE="600")
    task = started(susan, 2)
    worker.send_signal(signal_number)
    assert ended(worker) == 0
    assert reached(task, TaskStatus.SUCCEEDED)


def after_the_grace(worker: Worker, _horse: int) -> None:
    worker.terminate()


def by_the_second_signal(worker: Worker, _horse: int) -> None:
    worker.terminate()
    wait_until(lambda: psutil.Process(worker.pid).num_threads() > 2, what="The first signal's timer")
    worker.terminate()


def by_a_signal_to_the_whole_group(worker: Worker, horse: int) -> None:
    """Send SIGTERM to the whole group, as systemd does by default (KillMode=control-group)."""
    worker.terminate()
    os.kill(horse, signal.SIGTERM)


@pytest.mark.parametrize(
    ("stop", "grace"),
    [
        pytest.param(after_the_grace, "0.2", marks=pytest.mark.short),
        (by_the_second_signal, "600"),
        (by_a_signal_to_the_whole_group, "600"),
    ],
)
def test_a_longer_job_is_released_and_retried_elsewhere(
    susan: User, start_worker: WorkerFactory, smtp_server: MailServer, stop: Callable[[Worker, int], None], grace: str
) -> None:
    worker = start_worker(EXPORT_STOP_GRACE=grace)
    task, horse = export_held_by(worker, susan)
    with tasks_held():
        wait_until(lambda: stored_files(task), what="The export's file")
        stop(worker, horse)
        wait_until(lambda: is_gone(horse), what="The end of the work-horse")
    assert ended(worker) == 0
    assert reached(task, TaskStatus.QUEUED)
    start_worker()
    assert_exported(task, smtp_server, attempt=2, failures=0)


def test_a_container_killed_before_its_grace_period_ends_loses_nothing(
    susan: User, start_worker: WorkerFactory, smtp_server: MailServer
) -> None:
    """`docker stop` with too short a time: SIGTERM to the worker, then SIGKILL to all."""
    worker = start_worker(EXPORT_STOP_GRACE="600")
    task, horse = export_held_by(worker, susan)
    with tasks_held():
        wait_until(lambda: stored_files(task), what="The export's file")
        worker.terminate()
        wait_until(lambda: psutil.Process(worker.pid).num_threads() > 2, what="The signal's timer")
        kill(worker.pid, horse)
    assert ended(worker) == -signal.SIGKILL
    start_worker()
    assert_exported(task, smtp_server, attempt=2, failures=1)


@pytest.mark.processes
def test_a_worker_stopped_right_after_registering_exits_cleanly(redis_queue: Queue) -> None:
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


class InterruptedStream(StringIO):
    """Receives a signal while a line is written to it."""

    def write(self, text: str) -> int:
        signal.raise_signal(signal.SIGTERM)
        return super().write(text)


def while_it_logs() -> None:
    logger = logging.getLogger("tests.stopping")
    handler = logging.StreamHandler(InterruptedStream())
    logger.addHandler(handler)
    try:
        logger.warning("A line")
    finally:
        logger.removeHandler(handler)


def while_errors_are_swallowed() -> None:
    with suppress(Exception):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.processes
@pytest.mark.usefixtures("transactional_db", "own_signals")
@pytest.mark.parametrize("care", [while_it_logs, while_errors_are_swallowed])
def test_a_signal_stops_an_idle_worker_whatever_it_is_doing(
    redis_queue: Queue,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    care: Callable[[], None],
) -> None:
    ran_to_its_end = []

    def look() -> None:
        care()
        ran_to_its_end.append(1)

    monkeypatch.setattr("tasks.worker.tasks_reconcile", look)
    InProcessWorker([redis_queue], connection=redis_queue.connection).work()
    assert not ran_to_its_end
    assert "Traceback" not in capsys.readouterr().err


class StoppedAsItVanishes:
    """Receives a signal in its finalizer, whose exceptions Python ignores."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.processes
@pytest.mark.usefixtures("transactional_db", "own_signals")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_stops_an_idle_worker_even_if_its_exception_is_lost(
    susan: User, redis_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_launch(user=susan, name="example")
    monkeypatch.setattr("tasks.worker.tasks_reconcile", StoppedAsItVanishes)
    InProcessWorker([redis_queue], connection=redis_queue.connection).work(max_jobs=1)
    task.refresh_from_db()
    assert task.status == TaskStatus.QUEUED  # it took no further job


@pytest.mark.processes
def test_an_idle_worker_stops_at_once(worker_factory: WorkerFactory) -> None:
    """And not when the wait for a job is over."""
    worker = worker_factory(EXPORT_RECONCILE_INTERVAL="600", EXPORT_HOUSEKEEPING_INTERVAL="600")
    worker.terminate()
    assert ended(worker) == 0


@pytest.mark.processes
def test_an_orphaned_work_horse_finishes_its_job_once(susan: User, start_worker: WorkerFactory) -> None:
    """Only the parent is killed: the work-horse lives on, and its heartbeats say so."""
    first = start_worker(**PATIENT)
    task = started(susan, 6)
    first.kill()
    start_worker(**PATIENT)
    reaches(task, TaskStatus.SUCCEEDED)
    assert task.failures == 0
