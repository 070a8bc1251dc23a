"""Small and large jobs on real workers: who gets the processor first."""

from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import psutil
import pytest

from accounts.models import User
from tasks.models import Task, TaskQueue
from tasks.queue.client import task_enqueue
from tasks.queue.priority import AUTOGROUP
from tasks.services.transitions import task_cancel
from tests.faults.horses import has_horse, horse_of, runs
from tests.waiting import wait_until

Worker = Popen[bytes]
StartWorker = Callable[..., Worker]

pytestmark = pytest.mark.processes

LONG = 600  # seconds


def start(user: User, queue: TaskQueue) -> Task:
    """Start an example in that queue."""
    task = Task.objects.create(user=user, name="example", params={"seconds": LONG}, queue=queue)
    task_enqueue(task)
    runs(task)
    return task


def test_pages_come_before_small_jobs_and_those_before_large_ones(susan: User, start_worker: StartWorker) -> None:
    worker = start_worker(EXPORT_NICENESS="10", EXPORT_STALE_AFTER="30")
    base = psutil.Process().nice()  # the tests themselves can run under `nice`
    assert psutil.Process(worker.pid).nice() == base
    for queue, more in ((TaskQueue.LARGE, 15), (TaskQueue.SMALL, 10)):
        task = start(susan, queue)
        assert psutil.Process(horse_of(worker)).nice() == min(base + more, 19)
        task_cancel(task)
        wait_until(lambda: not has_horse(worker), what="The end of the job")


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="This system does not share its processors between sessions.")
def test_the_session_of_a_worker_has_lower_priority_than_others(start_worker: StartWorker) -> None:
    worker = start_worker("setsid", EXPORT_NICENESS="10")
    nice_of_session = Path(f"/proc/{worker.pid}/autogroup").read_text().rpartition(" nice ")[2]
    assert int(nice_of_session) == 10
