"""Finding what a death left behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.delivery.sending import email_recover
from exports.models import Archive
from tasks.models import Task, TaskStatus
from tasks.queue.client import JobState, job_state
from tasks.services.launch import task_launch
from tasks.services.recovery import (
    BULK_LOOKUP_FROM_TASKS,
    StalenessTracker,
    task_recover_from_worker,
    tasks_reconcile,
)
from tasks.services.transitions import task_beat, task_claim
from tests.members import make_member

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
    assert tasks_reconcile(immediately=True) == []
    assert queue.job_ids == []


def test_a_running_task_without_a_heartbeat_is_queued_again(running: Task, queue: Queue) -> None:
    grow_stale(running)
    [task] = tasks_reconcile(immediately=True)
    assert (task.status, task.attempt) == (TaskStatus.QUEUED, 1)
    assert queue.job_ids == [str(running.pk)]


def test_the_second_attempt_succeeds(running: Task, work: Work) -> None:
    grow_stale(running)
    tasks_reconcile(immediately=True)
    work()
    running.refresh_from_db()
    assert (running.status, running.attempt, running.progress) == (TaskStatus.SUCCEEDED, 2, 100)


@pytest.mark.parametrize("failures", [0, 2])
def test_a_heartbeat_that_comes_at_the_last_moment_saves_the_task(
    running: Task, queue: Queue, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """It is beaten after the row was read as stale, while the queue is being asked."""
    Task.objects.update(failures=failures)
    running.refresh_from_db()
    grow_stale(running)

    def ask_slowly() -> None:
        task_beat(running, done=1, total=2)

    monkeypatch.setattr("tasks.services.recovery.queue_ping", ask_slowly)
    assert tasks_reconcile(immediately=True) == []
    running.refresh_from_db()
    assert (running.status, running.attempt, running.progress) == (TaskStatus.RUNNING, 1, 50)


def test_reconciling_twice_queues_it_once(running: Task, queue: Queue) -> None:
    grow_stale(running)
    tasks_reconcile(immediately=True)
    assert tasks_reconcile(immediately=True) == []
    assert len(queue.job_ids) == 1


def test_after_the_last_attempt_it_fails_with_a_reason_and_frees_the_slot(
    running: Task, queue: Queue, susan: User
) -> None:
    Task.objects.update(failures=2)
    grow_stale(running)
    [task] = tasks_reconcile(immediately=True)
    assert task.status == TaskStatus.FAILED
    assert task.error == "It was interrupted 3 times, so we gave up."
    task_launch(user=susan, name="export_posts")


def test_a_queued_task_whose_job_was_lost_is_queued_again(queued: Task, queue: Queue) -> None:
    queue.empty()
    grow_stale(queued)
    assert tasks_reconcile(immediately=True) == [queued]
    assert queue.job_ids == [str(queued.pk)]


def test_a_queued_task_that_waits_for_long_keeps_its_place(queued: Task, queue: Queue) -> None:
    grow_stale(queued)
    assert tasks_reconcile(immediately=True) == []
    assert queue.job_ids == [str(queued.pk)]


def test_of_a_long_queue_only_what_is_not_in_it_is_looked_up(
    queued: Task, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [queued, *(task_launch(user=make_member(), name="export_posts") for _ in range(BULK_LOOKUP_FROM_TASKS))]
    for task in tasks:
        grow_stale(task)
    queue.remove(str(queued.pk))
    looked_up: list[str] = []

    def look_up(job_id: str) -> JobState:
        looked_up.append(job_id)
        return job_state(job_id)

    monkeypatch.setattr("tasks.services.recovery.job_state", look_up)
    assert [task.pk for task in tasks_reconcile()] == [queued.pk]
    assert looked_up == [str(queued.pk)]
    assert queue.job_ids == [str(task.pk) for task in tasks]


def test_with_the_queue_out_of_reach_nothing_is_concluded(running: Task, unreachable_queue: None) -> None:
    grow_stale(running)
    assert tasks_reconcile(immediately=True) == []
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


@pytest.mark.parametrize("job_id", ["mail-0", "12", "not a uuid", "00000000-0000-0000-0000-000000000000"])
def test_jobs_that_mail_nothing_are_of_no_concern(exported: Archive, job_id: str) -> None:
    Archive.objects.update(mail_due_at=timezone.now() + timedelta(minutes=10))
    assert email_recover(job_id=job_id) == 0


def test_a_members_open_page_recovers_their_own_task(
    signed_in: Client, running: Task, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow_stale(running)
    minute_ago = int((timezone.now() - timedelta(minutes=1)).timestamp() * 1_000_000)
    User.objects.update(notification_cursor=minute_ago)
    monkeypatch.setattr("tasks.services.recovery.staleness", StalenessTracker(clock=iter([0.0, 3.0]).__next__))
    for _look in range(2):
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


def test_a_stale_task_is_recovered_at_the_second_look_only(
    running: Task, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that jumps makes a living task look silent, until its next heartbeat."""
    grow_stale(running)
    monkeypatch.setattr("tasks.services.recovery.staleness", StalenessTracker(clock=iter([10.0, 12.9, 13.1]).__next__))
    assert [len(tasks_reconcile()) for _look in range(3)] == [0, 0, 1]


def test_the_first_look_comes_before_the_task_is_stale_so_that_the_second_delays_nothing(
    running: Task, queue: Queue, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.services.recovery.staleness", StalenessTracker(clock=iter([10.0, 20.0, 23.0]).__next__))
    settings.EXPORT_STALE_AFTER = 20
    heartbeat = timezone.now() - timedelta(seconds=15)
    Task.objects.filter(pk=running.pk).update(heartbeat_at=heartbeat)
    assert tasks_reconcile() == []
    assert tasks_reconcile() == []
    settings.EXPORT_STALE_AFTER = 14
    assert tasks_reconcile() == [running]


def test_a_heartbeat_between_the_looks_saves_the_task(
    running: Task, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.services.recovery.staleness", StalenessTracker(clock=iter([10.0, 20.0, 30.0]).__next__))
    for _look in range(3):
        task_beat(running, done=1, total=2)
        grow_stale(running)
        assert tasks_reconcile() == []


def test_a_work_horse_that_was_stopped_costs_no_attempt(running: Task, queue: Queue) -> None:
    Task.objects.update(failures=2)
    task = task_recover_from_worker(task_id=str(running.pk), worker="w1", was_stopped=True)
    assert task
    assert (task.status, task.failures) == (TaskStatus.QUEUED, 2)
    assert queue.job_ids == [str(running.pk)]


def test_a_work_horse_that_died_costs_one(running: Task, queue: Queue) -> None:
    task = task_recover_from_worker(task_id=str(running.pk), worker="w1")
    assert task
    assert (task.status, task.failures) == (TaskStatus.QUEUED, 1)


def test_recovered_tasks_run_before_waiting_ones(running: Task, queue: Queue, john: User) -> None:
    other = task_launch(user=john, name="export_posts")
    task_recover_from_worker(task_id=str(running.pk), worker="w1")
    assert queue.job_ids == [str(running.pk), str(other.pk)]


def test_a_kind_that_is_no_longer_offered_ends_with_a_reason(queued: Task, queue: Queue) -> None:
    queue.empty()
    grow_stale(queued)
    Task.objects.update(name="export_as_punched_cards")
    [task] = tasks_reconcile()
    assert (task.status, task.error) == (
        TaskStatus.FAILED,
        "This is no longer available.",
    )


def test_the_mail_of_a_work_horse_that_died_is_due_at_once(exported: Archive) -> None:
    in_a_while = timezone.now() + timedelta(minutes=10)
    for job_id in (str(exported.task_id), f"mail-{exported.pk}"):
        Archive.objects.update(mail_due_at=in_a_while)
        assert email_recover(job_id=job_id) == 1
        exported.refresh_from_db()
        assert exported.mail_due_at
        assert exported.mail_due_at <= timezone.now()


def test_a_mail_that_was_sent_stays_sent(exported: Archive) -> None:
    assert email_recover(job_id=str(exported.task_id)) == 0
