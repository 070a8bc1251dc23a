"""A worker at a large job, and its companion at small ones: whatever dies or is stopped, nothing is lost.

The jobs are examples, which run for as long as a test needs them; one of them is in the lane of large exports.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import Popen

import psutil
import pytest
from rq import Worker as RqWorker

from accounts.models import User
from tasks.models import Task, TaskQueue, TaskStatus
from tasks.queue.client import task_enqueue
from tasks.queue.priority import AUTOGROUP
from tasks.services.launch import task_launch
from tasks.services.transitions import task_cancel
from tests.faults.conftest import PATIENT
from tests.faults.horses import children_of, companion_of, horse_of, is_gone, kill, reached, reaches, runs, stop
from tests.faults.outcomes import assert_exported
from tests.faults.pages import start_export
from tests.mail_server import MailServer
from tests.members import make_member, signed_in_client
from tests.waiting import LIMIT, wait_until
from tests.workers import living_workers, queue_connection

Worker = Popen[bytes]
StartWorker = Callable[..., Worker]

pytestmark = pytest.mark.processes

LONG = 600  # seconds


def start_large(user: User, seconds: int = LONG) -> Task:
    """Start an example in the lane of large exports."""
    task = Task.objects.create(user=user, name="example", params={"seconds": seconds}, queue=TaskQueue.LARGE)
    task_enqueue(task)
    runs(task)
    return task


def start_small(seconds: int = LONG) -> Task:
    task = task_launch(user=make_member(), name="example", params={"seconds": seconds})
    runs(task)
    return task


@dataclass
class Pair:
    """A worker at a large job, and its companion at a small one."""

    worker: Worker
    companion: int
    large: Task
    small: Task

    @property
    def horses(self) -> list[int]:
        return [horse_of(self.worker), *children_of(self.companion, are_companions=False)]

    @property
    def processes(self) -> list[int]:
        return [self.worker.pid, self.companion, *self.horses]


def start_pair(susan: User, start_worker: StartWorker, *, seconds: int = LONG, **variables: str) -> Pair:
    """Start them; the small job takes so many seconds."""
    worker = start_worker(**PATIENT, **variables)
    large = start_large(susan)
    companion = companion_of(worker)
    return Pair(worker, companion, large, start_small(seconds))


def registered() -> set[int | None]:
    """Return the process ids of the workers that the queue server knows."""
    return {worker.pid for worker in RqWorker.all(connection=queue_connection())}


def test_a_small_export_does_not_wait_for_the_only_worker_that_is_at_a_large_one(
    susan: User, start_worker: StartWorker, smtp_server: MailServer
) -> None:
    worker = start_worker()
    large = start_large(susan)
    small = start_export(signed_in_client(make_member()), "archive")
    assert_exported(small, smtp_server, attempt=1, failures=0)
    assert reached(large, TaskStatus.RUNNING)
    companion = companion_of(worker)
    assert registered() == {worker.pid, companion}
    task_cancel(large)
    wait_until(lambda: is_gone(companion), what="The end of the companion")
    wait_until(lambda: registered() == {worker.pid}, what="The companion forgotten")
    assert worker.poll() is None


def test_a_companion_ends_its_small_job_when_the_large_one_is_over(susan: User, start_worker: StartWorker) -> None:
    """And the worker, which waits for it, takes the next job."""
    pair = start_pair(susan, start_worker, seconds=3, EXPORT_STOP_GRACE="600")
    task_cancel(pair.large)
    wait_until(lambda: not children_of(pair.worker.pid, are_companions=False), what="The end of the large job")
    assert not is_gone(pair.companion)
    reaches(pair.small, TaskStatus.SUCCEEDED)
    runs(task_launch(user=make_member(), name="example", params={"seconds": 1}))
    assert is_gone(pair.companion)


def test_a_companion_that_takes_too_long_hands_its_job_back(susan: User, start_worker: StartWorker) -> None:
    pair = start_pair(susan, start_worker, EXPORT_STOP_GRACE="0.2")
    task_cancel(pair.large)
    runs(pair.small, attempt=2)
    assert (pair.small.failures, is_gone(pair.companion)) == (0, True)


def test_a_killed_companion_is_replaced_and_its_job_runs_again(susan: User, start_worker: StartWorker) -> None:
    pair = start_pair(susan, start_worker)
    kill(*children_of(pair.companion, are_companions=False), pair.companion)
    runs(pair.small, attempt=2)
    assert reached(pair.large, TaskStatus.RUNNING)
    assert companion_of(pair.worker) != pair.companion


def test_a_companion_dies_with_its_worker_and_hands_its_job_back(susan: User, start_worker: StartWorker) -> None:
    """The orphaned work-horse of the large job goes on, and finds its task cancelled."""
    pair = start_pair(susan, start_worker, EXPORT_STOP_GRACE="0.2")
    large_horse = horse_of(pair.worker)
    kill(pair.worker.pid)
    wait_until(lambda: is_gone(pair.companion), what="The end of the companion")
    assert reached(pair.small, TaskStatus.QUEUED)
    assert pair.small.failures == 0
    assert not is_gone(large_horse)
    task_cancel(pair.large)
    wait_until(lambda: not living_workers(), what="The end of the orphan")


def test_who_kills_them_all_loses_nothing(susan: User, start_worker: StartWorker) -> None:
    pair = start_pair(susan, start_worker)
    kill(*pair.processes)
    start_worker(**PATIENT)
    for task in (pair.small, pair.large):  # the only worker takes a small one first, and has no companion for that
        runs(task, attempt=2)
        assert task.failures == 1
        task_cancel(task)


def test_a_frozen_companion_does_not_keep_its_worker(susan: User, start_worker: StartWorker) -> None:
    pair = start_pair(susan, start_worker, seconds=4, EXPORT_STOP_GRACE="0.2")
    stop(pair.companion)
    task_cancel(pair.large)
    wait_until(lambda: is_gone(pair.companion), what="The end of the companion")
    reaches(pair.small, TaskStatus.SUCCEEDED)
    assert pair.worker.poll() is None


# --- Told to stop ---------------------------------------------------------------------------------------


def test_pages_take_priority_over_small_exports_and_those_over_large_ones(
    susan: User, start_worker: StartWorker
) -> None:
    pair = start_pair(susan, start_worker, EXPORT_NICENESS="10")
    [small] = children_of(pair.companion, are_companions=False)
    pids = (pair.worker.pid, pair.companion, small, horse_of(pair.worker))
    base = psutil.Process().nice()  # the tests themselves can run under `nice`
    assert [psutil.Process(pid).nice() - base for pid in pids] == [0, 0, *(min(more, 19 - base) for more in (10, 15))]


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="This system does not share its processors between sessions.")
def test_the_session_of_a_worker_gives_way_to_those_of_others(start_worker: StartWorker) -> None:
    worker = start_worker("setsid", EXPORT_NICENESS="10")
    nice_of_session = Path(f"/proc/{worker.pid}/autogroup").read_text().rpartition(" nice ")[2]
    assert int(nice_of_session) == 10


def once(pair: Pair) -> None:
    pair.worker.terminate()


def twice(pair: Pair) -> None:
    pair.worker.terminate()
    for pid in (pair.worker.pid, pair.companion):
        wait_until(partial(has_timer, pid), what="The first signal's timer")
    pair.worker.terminate()


def has_timer(pid: int) -> bool:
    return psutil.Process(pid).num_threads() > 2


def the_whole_group(pair: Pair) -> None:
    """What systemd does by default (KillMode=control-group)."""
    for pid in pair.processes:
        os.kill(pid, signal.SIGTERM)


@pytest.mark.parametrize(("tell", "grace"), [(once, "0.2"), (twice, "600"), (the_whole_group, "600")])
def test_a_worker_that_is_stopped_hands_both_jobs_back(
    susan: User, start_worker: StartWorker, tell: Callable[[Pair], None], grace: str
) -> None:
    pair = start_pair(susan, start_worker, EXPORT_STOP_GRACE=grace)
    tell(pair)
    assert pair.worker.wait(LIMIT) == 0
    assert living_workers() == []
    assert registered() == set()
    for task in (pair.large, pair.small):
        assert reached(task, TaskStatus.QUEUED)
        assert task.failures == 0


def test_a_worker_that_is_stopped_lets_both_end_that_are_nearly_done(susan: User, start_worker: StartWorker) -> None:
    worker = start_worker(**PATIENT, EXPORT_STOP_GRACE="600")
    large = start_large(susan, seconds=3)
    small = start_small(seconds=2)
    worker.terminate()
    assert worker.wait(LIMIT) == 0
    assert reached(large, TaskStatus.SUCCEEDED)
    assert reached(small, TaskStatus.SUCCEEDED)
