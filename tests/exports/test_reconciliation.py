"""Finding what a death left behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.models import Task, TaskStatus
from exports.services.launching import task_launch
from exports.services.queue import JobState, job_state
from exports.services.reconciliation import task_recover_from_worker, tasks_reconcile
from exports.services.transitions import task_beat, task_claim

LONG_AGO = timedelta(minutes=5)
Work = Callable[[], None]


@pytest.fixture
def queued(susan: User, queue: Queue) -> Task:
    return task_launch(user=susan, name="export_posts")


@pytest.fixture
def running(queued: Task, queue: Queue) -> Task:
    """A task whose job is gone from the queue, as after a worker's death."""
    queue.empty()
    task = task_claim(task_id=str(queued.pk), worker="w1")
    assert task
    return task


def grow_stale(task: Task) -> None:
    then = timezone.now() - LONG_AGO
    Task.objects.filter(pk=task.pk).update(queued_at=then)
    Task.objects.filter(pk=task.pk, heartbeat_at__isnull=False).update(heartbeat_at=then)


def test_a_running_task_with_a_heartbeat_is_left_alone(running: Task, queue: Queue) -> None:
    assert tasks_reconcile() == []
    assert queue.job_ids == []


def test_a_running_task_without_a_heartbeat_is_queued_again(running: Task, queue: Queue) -> None:
    grow_stale(running)
    [task] = tasks_reconcile()
    assert (task.status, task.attempt) == (TaskStatus.QUEUED, 1)
    assert queue.job_ids == [str(running.pk)]


def test_the_second_attempt_succeeds(running: Task, work: Work) -> None:
    grow_stale(running)
    tasks_reconcile()
    work()
    running.refresh_from_db()
    assert (running.status, running.attempt, running.progress) == (TaskStatus.SUCCEEDED, 2, 100)


@pytest.mark.parametrize("attempt", [1, 3])
def test_a_heartbeat_that_comes_at_the_last_moment_saves_the_task(
    running: Task, queue: Queue, monkeypatch: pytest.MonkeyPatch, attempt: int
) -> None:
    """It is beaten after the row was read as stale, while the queue is being asked."""
    Task.objects.update(attempt=attempt)
    running.refresh_from_db()
    grow_stale(running)

    def ask_slowly(job_id: str) -> JobState:
        task_beat(running, done=1, total=2)
        return job_state(job_id)

    monkeypatch.setattr("exports.services.reconciliation.job_state", ask_slowly)
    assert tasks_reconcile() == []
    running.refresh_from_db()
    assert (running.status, running.attempt, running.progress) == (TaskStatus.RUNNING, attempt, 50)


def test_reconciling_twice_queues_it_once(running: Task, queue: Queue) -> None:
    grow_stale(running)
    tasks_reconcile()
    assert tasks_reconcile() == []
    assert len(queue.job_ids) == 1


def test_after_the_last_attempt_it_fails_with_a_reason_and_frees_the_slot(
    running: Task, queue: Queue, susan: User
) -> None:
    Task.objects.update(attempt=3)
    grow_stale(running)
    [task] = tasks_reconcile()
    assert task.status == TaskStatus.FAILED
    assert task.error == "The export was interrupted 3 times and was given up."
    task_launch(user=susan, name="export_posts")


def test_a_queued_task_whose_job_was_lost_is_queued_again(queued: Task, queue: Queue) -> None:
    queue.empty()
    grow_stale(queued)
    assert tasks_reconcile() == [queued]
    assert queue.job_ids == [str(queued.pk)]


def test_a_queued_task_that_waits_for_long_keeps_its_place(queued: Task, queue: Queue) -> None:
    grow_stale(queued)
    assert tasks_reconcile() == []
    assert queue.job_ids == [str(queued.pk)]


def test_with_the_queue_out_of_reach_nothing_is_concluded(running: Task, unreachable_queue: None) -> None:
    grow_stale(running)
    assert tasks_reconcile() == []
    running.refresh_from_db()
    assert running.status == TaskStatus.RUNNING


def test_the_worker_that_saw_its_work_horse_end_gives_the_task_on_at_once(running: Task, queue: Queue) -> None:
    assert task_recover_from_worker(task_id=str(running.pk), worker="w1")
    assert queue.job_ids == [str(running.pk)]


def test_a_worker_does_not_touch_what_runs_elsewhere(running: Task) -> None:
    assert task_recover_from_worker(task_id=str(running.pk), worker="w2") is None


@pytest.mark.parametrize("job_id", ["mail-1", "not a uuid", "00000000-0000-0000-0000-000000000000"])
def test_jobs_that_are_no_tasks_are_of_no_concern(db: None, job_id: str) -> None:
    assert task_recover_from_worker(task_id=job_id, worker="w1") is None


def test_a_members_open_page_recovers_their_own_task(signed_in: Client, running: Task, queue: Queue) -> None:
    grow_stale(running)
    minute_ago = int((timezone.now() - timedelta(minutes=1)).timestamp() * 1_000_000)
    User.objects.update(notification_cursor=minute_ago)
    signed_in.get("/notifications/", {"since": str(timezone.now().timestamp())})
    assert queue.job_ids == [str(running.pk)]


def test_the_command_recovers_and_counts(running: Task, queue: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    grow_stale(running)
    call_command("reconcile_tasks")
    assert "1 tasks recovered" in capsys.readouterr().out
    assert len(queue.job_ids) == 1


def test_a_dry_run_changes_nothing(running: Task, queue: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    grow_stale(running)
    call_command("reconcile_tasks", "--dry-run")
    assert str(running.pk) in capsys.readouterr().out
    assert queue.job_ids == []
