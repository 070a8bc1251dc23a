"""The life of a task: who may change what, and who wins."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError

from accounts.models import User
from notifications.models import Notification
from tasks.models import Task, TaskStatus
from tasks.models.failure import Failure, FailureCode
from tasks.services.transitions import (
    task_beat,
    task_cancel,
    task_claim,
    task_fail,
    task_requeue,
    task_succeed,
)


@pytest.fixture
def queued(susan: User) -> Task:
    return Task.objects.create(user=susan, name="export_posts", description="Exporting")


@pytest.fixture
def running(queued: Task) -> Task:
    return claim(queued)


def claim(task: Task) -> Task:
    claimed = task_claim(task_id=str(task.pk), worker="w1")
    assert claimed
    return claimed


def news(task: Task) -> dict[str, object]:
    return dict(Notification.objects.get(name="task_progress", key=str(task.pk)).data)


def fail(task: Task) -> Task | None:
    return task_fail(Task.objects.claimed_as(task), task, failure=Failure(FailureCode.ERRORED), traceback="Traceback")


def succeed(task: Task) -> Task | None:
    return task_succeed(task, done=3)


def requeue(task: Task) -> Task | None:
    return task_requeue(Task.objects.claimed_as(task), task)


def beat(task: Task) -> Task | None:
    return task_beat(task, done=1, total=3)


def test_a_claim_counts_the_attempt_and_starts_the_heartbeat(queued: Task) -> None:
    task = claim(queued)
    assert (task.status, task.attempt, task.worker) == (TaskStatus.RUNNING, 1, "w1")
    assert task.heartbeat_at is not None
    assert news(task)["status"] == "running"


def test_only_the_first_claim_wins(queued: Task) -> None:
    claim(queued)
    assert task_claim(task_id=str(queued.pk), worker="w2") is None


def test_a_beat_writes_progress_to_row_and_notification(running: Task) -> None:
    task_beat(running, done=1, total=3)
    running.refresh_from_db()
    assert (running.progress, running.done, running.total) == (33, 1, 3)
    assert {key: news(running)[key] for key in ("progress", "done", "total")} == {"progress": 33, "done": 1, "total": 3}


def test_a_running_task_never_shows_100_percent(running: Task) -> None:
    task = task_beat(running, done=3, total=3)
    assert task
    assert task.progress == 99


def test_success_alone_is_100_percent(running: Task) -> None:
    task = succeed(running)
    assert task
    assert (task.status, task.progress, task.done, task.total) == (TaskStatus.SUCCEEDED, 100, 3, 3)
    assert news(task)["progress"] == 100


def test_the_database_refuses_100_percent_to_all_else(running: Task) -> None:
    with pytest.raises(IntegrityError):
        Task.objects.filter(pk=running.pk).update(progress=100)


def test_a_failure_keeps_its_progress_and_tells_the_reason(running: Task) -> None:
    task_beat(running, done=1, total=2)
    task = fail(running)
    assert task
    assert (task.status, task.progress, task.error_code, task.traceback) == (
        TaskStatus.FAILED,
        50,
        "errored",
        "Traceback",
    )
    assert news(task)["error_code"] == "errored"
    assert "traceback" not in news(task)


@pytest.mark.parametrize("end", [succeed, fail, task_cancel])
@pytest.mark.parametrize("then", [succeed, fail, task_cancel, beat, requeue])
def test_terminal_states_never_change(
    running: Task, end: Callable[[Task], Task | None], then: Callable[[Task], Task | None]
) -> None:
    over = end(running)
    assert over
    assert then(running) is None
    running.refresh_from_db()
    assert running.status == over.status
    assert news(running)["status"] == over.status


@pytest.mark.parametrize("act", [succeed, fail, beat, requeue])
def test_a_worker_that_lost_its_claim_changes_nothing(running: Task, act: Callable[[Task], Task | None]) -> None:
    requeue(running)
    second = claim(running)
    assert act(running) is None
    second.refresh_from_db()
    assert (second.status, second.attempt, second.progress) == (TaskStatus.RUNNING, 2, 0)


def test_a_queued_task_can_be_cancelled_and_is_then_not_claimed(queued: Task) -> None:
    assert task_cancel(queued)
    assert task_claim(task_id=str(queued.pk), worker="w1") is None


def test_an_unknown_task_is_not_claimed(db: None) -> None:
    assert task_claim(task_id="00000000-0000-0000-0000-000000000000", worker="w1") is None


def test_one_notification_remains_however_many_beats_there_were(running: Task) -> None:
    for done in range(5):
        task_beat(running, done=done, total=10)
    assert Notification.objects.filter(name="task_progress").count() == 1
