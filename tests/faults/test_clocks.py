"""Clocks that were set wrong, on the machine of a worker that lives or died."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from subprocess import Popen

import pytest
from django.db import connections
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tests.faults.horses import horse_of, kill, runs
from tests.faults.many_posts import write_many_posts
from tests.faults.outcomes import assert_exported
from tests.faults.pages import start_export, wait_for_end
from tests.mail_server import MailServer
from tests.members import signed_in_client

StartWorker = Callable[..., "Popen[bytes]"]
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.processes


@contextmanager
def clock_of_the_worker_set(by: timedelta) -> Iterator[None]:
    """Have each new heartbeat be `by` from the true time, as it would be by such a clock."""
    stop = threading.Event()

    def set_each() -> None:
        while not stop.wait(0.02):
            near = (timezone.now() - HOUR / 2, timezone.now() + HOUR / 2)
            Task.objects.filter(heartbeat_at__range=near).update(heartbeat_at=F("heartbeat_at") + by)
        connections.close_all()

    thread = threading.Thread(target=set_each)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_a_living_worker_whose_clock_is_wrong_keeps_its_task(
    susan: User, start_worker: StartWorker, by: timedelta
) -> None:
    # The worker that looks on sees every second whether there was a heartbeat, and concludes from three without one.
    for _worker in range(2):
        start_worker(EXPORT_PROGRESS_INTERVAL="0.7")
    task = task_launch(user=susan, name="example", params={"seconds": 5})
    runs(task)
    with clock_of_the_worker_set(by):
        wait_for_end(task)
    assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 1, 0)


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_a_dead_worker_with_a_wrong_clock_is_detected(
    susan: User, start_worker: StartWorker, smtp_server: MailServer, by: timedelta
) -> None:
    write_many_posts(susan)
    worker = start_worker()
    task = start_export(signed_in_client(susan), "archive")
    runs(task)
    kill(worker.pid, horse_of(worker))
    Task.objects.update(heartbeat_at=timezone.now() + by)
    start_worker()
    assert_exported(task, smtp_server, attempt=2, failures=1)
