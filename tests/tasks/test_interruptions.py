"""Jobs that save checkpoints: when they are interrupted, how they resume, and that they write each batch once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from rq import Queue

from accounts.models import User
from tasks import runner
from tasks.exceptions import ClaimLostError, TaskInterruptedError
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.registry import JOBS
from tasks.services.attempts import attempt_worker_lost
from tasks.services.heartbeat import Heartbeat, interruption_reason, stop_request
from tasks.services.history import task_restart_reason
from tasks.services.launch import task_launch
from tasks.services.transitions import task_cancel, task_claim
from tests.faults.odd_jobs import registered
from tests.interruptions import (
    die_after_each_checkpoint,
    die_before_each_checkpoint,
    interrupt_at_each_checkpoint,
    run_to_its_first_checkpoint,
)
from tests.workers import InProcessWorker

STEPS = 4


@pytest.fixture
def task(john: User, queue: Queue) -> Iterator[Task]:
    with registered():
        yield task_launch(user=john, name="steps", params={"steps": STEPS})


@pytest.fixture
def is_stopping() -> Iterator[None]:
    stop_request.make()
    yield
    stop_request.is_made = False


def steps_of(user: User) -> list[str]:
    return list(user.posts.order_by("pk").values_list("body", flat=True))


@pytest.mark.parametrize("run", [interrupt_at_each_checkpoint, die_before_each_checkpoint, die_after_each_checkpoint])
def test_each_batch_is_written_once_however_often_the_attempts_end(
    task: Task, john: User, run: Callable[[Task], list[Any]]
) -> None:
    assert len(run(task)) >= STEPS - 1
    assert steps_of(john) == [f"step {n}" for n in range(STEPS)]


def test_an_interruption_costs_no_attempt_and_keeps_the_progress(task: Task) -> None:
    run_to_its_first_checkpoint(task)
    assert (task.status, task.failures, task.done, task.total, task.progress) == (TaskStatus.QUEUED, 0, 1, 4, 25)
    assert task.events.last().reason == Reason.INTERRUPTED  # type: ignore[union-attr]
    claimed = task_claim(task_id=str(task.pk), worker="w")
    assert claimed
    assert (claimed.attempt, claimed.done, claimed.total, claimed.progress) == (2, 1, 4, 25)
    assert Heartbeat(claimed).done == 1  # what its first beat will write


def test_after_its_worker_has_died_too_it_continues_and_its_member_is_told_so(task: Task) -> None:
    run_to_its_first_checkpoint(task)
    claimed = task_claim(task_id=str(task.pk), worker="w")
    assert claimed
    lost = attempt_worker_lost(Task.objects.claimed_as(claimed), claimed)
    assert lost
    assert task_restart_reason(lost) == Reason.INTERRUPTED


@pytest.mark.usefixtures("is_stopping")
def test_it_goes_to_the_back_and_others_come_first(task: Task, susan: User, work: Callable[[], None]) -> None:
    other = task_launch(user=susan, name="steps", params={"steps": 1})
    work()
    task.refresh_from_db()
    other.refresh_from_db()
    assert (task.status, task.attempt, other.attempt) == (TaskStatus.SUCCEEDED, STEPS, 1)
    assert task.ended_at
    assert other.ended_at
    assert other.ended_at < task.ended_at


@pytest.mark.usefixtures("is_stopping")
def test_a_job_without_checkpoints_is_not_interrupted(john: User, queue: Queue) -> None:
    task = task_launch(user=john, name="example", params={"seconds": 1})
    runner.run(str(task.pk))
    task.refresh_from_db()
    assert (task.status, task.attempt) == (TaskStatus.SUCCEEDED, 1)


def test_a_checkpoint_of_a_cancelled_task_is_refused(task: Task) -> None:
    claimed = task_claim(task_id=str(task.pk), worker="w")
    assert claimed
    task_cancel(claimed)
    with pytest.raises(ClaimLostError):
        JOBS["steps"](claimed, Heartbeat(claimed)).save_checkpoint({"done": 1})
    task.refresh_from_db()
    assert task.checkpoint is None


def test_its_slice_ends_when_others_wait_in_its_queue(task: Task, susan: User, settings: LazySettings) -> None:
    settings.EXPORT_TIME_SLICE = 60
    task_claim(task_id=str(task.pk), worker="w")
    assert interruption_reason(task, seconds=61) is None
    other = Task.objects.create(user=susan, name="steps")
    assert interruption_reason(task, seconds=59) is None
    assert interruption_reason(task, seconds=61) is Reason.SLICE_OVER
    Task.objects.filter(pk=other.pk).update(run_after=timezone.now() + timedelta(minutes=1))
    assert interruption_reason(task, seconds=61) is None
    Task.objects.filter(pk=other.pk).update(run_after=None, queue="large")
    assert interruption_reason(task, seconds=61) is None


def test_its_slice_ends_in_time_before_the_limit(task: Task, settings: LazySettings) -> None:
    settings.EXPORT_JOB_TIMEOUT = 600
    assert interruption_reason(task, seconds=301) is Reason.SLICE_OVER


def test_the_heartbeat_notices_that_the_slice_is_over(task: Task, susan: User, settings: LazySettings) -> None:
    settings.EXPORT_TIME_SLICE = 0
    claimed = task_claim(task_id=str(task.pk), worker="w")
    assert claimed
    Task.objects.create(user=susan, name="steps")
    heartbeat = Heartbeat(claimed)
    heartbeat._beat()
    heartbeat.advance(1)  # not before the first checkpoint
    heartbeat.has_checkpoint = True
    heartbeat._beat()
    with pytest.raises(TaskInterruptedError) as interruption:
        heartbeat.advance(1)
    assert interruption.value.reason is Reason.SLICE_OVER


@pytest.mark.usefixtures("is_stopping")
def test_its_job_outlives_what_rq_keeps_of_the_one_before(task: Task, queue: Queue) -> None:
    """RQ has a job that ended forgotten after 500 seconds; the same id may wait for longer."""
    InProcessWorker([queue], connection=queue.connection).work(burst=True, max_jobs=1)
    assert queue.job_ids == [str(task.pk)]
    assert queue.connection.ttl(f"rq:job:{task.pk}") == -1
