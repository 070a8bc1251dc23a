"""A queue that staff pause: nothing is claimed, jobs with checkpoints stop, and the resume brings all back in order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from rq import Queue

from accounts.models import User
from core.health import Status
from notifications.models import Notification
from tasks.models import QueuePause, Task, TaskQueue, TaskStatus
from tasks.models.event import Reason
from tasks.services.attempts import attempt_interrupted
from tasks.services.figures import active_tasks
from tasks.services.heartbeat import interruption_reason
from tasks.services.launch import task_launch
from tasks.services.pauses import queue_pause, queue_resume
from tasks.services.recovery import tasks_reconcile, tasks_to_reconcile
from tasks.services.transitions import task_claim
from tests.checks import status_of
from tests.members import make_member, signed_in_client
from tests.tasks.test_workers import poll_after_a_while

Work = Callable[[], None]
LIST = "/admin/tasks/task/"
PAUSE = f"{LIST}pause/"


@pytest.fixture
def pause(staff: User, queue: Queue) -> QueuePause:
    made = queue_pause(TaskQueue.SMALL, by=staff)
    assert made
    return made


def example(user: User) -> Task:
    return task_launch(user=user, name="example", params={"seconds": 0})


def told(user: User) -> dict[str, Any]:
    """Return what a poll of the member's page says of their task."""
    poll_after_a_while(signed_in_client(user))
    data: dict[str, Any] = Notification.objects.get(user=user, name="task_progress").data
    return data


def test_tasks_of_a_paused_queue_are_neither_claimed_nor_recovered(pause: QueuePause, john: User, work: Work) -> None:
    task = example(john)
    work()
    task.refresh_from_db()
    assert (task.status, task.attempt) == (TaskStatus.QUEUED, 0)
    assert tasks_reconcile(immediately=True) == tasks_to_reconcile() == []


def test_the_other_queue_continues(pause: QueuePause, john: User, work: Work) -> None:
    queue_resume(TaskQueue.SMALL)
    queue_pause(TaskQueue.LARGE, by=john)
    task = example(john)
    work()
    task.refresh_from_db()
    assert task.status == TaskStatus.SUCCEEDED


def test_after_the_resume_the_recovery_queues_them_at_once_the_oldest_first(
    pause: QueuePause, susan: User, john: User, queue: Queue, work: Work
) -> None:
    tasks = [example(user) for user in (susan, john, make_member("late"))]
    work()
    assert queue_resume(TaskQueue.SMALL)
    tasks_reconcile()
    assert queue.job_ids == [str(task.pk) for task in tasks]
    assert not tasks[0].events.filter(reason=Reason.JOB_LOST).exists()
    work()
    assert set(Task.objects.values_list("status", flat=True)) == {TaskStatus.SUCCEEDED}


def test_a_running_job_with_checkpoints_is_asked_to_stop_and_waits_for_the_resume(
    john: User, staff: User, queue: Queue
) -> None:
    example(john)
    queue.empty()
    task = task_claim(task_id=str(Task.objects.get().pk), worker="w")
    assert task
    assert interruption_reason(task, seconds=0) is None
    queue_pause(TaskQueue.SMALL, by=staff)
    reason = interruption_reason(task, seconds=0)
    assert reason is Reason.QUEUE_PAUSED
    attempt_interrupted(task, reason)
    assert tasks_reconcile() == []
    queue_resume(TaskQueue.SMALL)
    assert tasks_reconcile() == [task]
    assert queue.job_ids == [str(task.pk)]


def test_the_member_is_told_by_the_next_poll(john: User, staff: User, queue: Queue, work: Work) -> None:
    example(john)
    assert told(john)["is_paused"] is False
    queue_pause(TaskQueue.SMALL, by=staff)
    assert told(john)["is_paused"] is True
    work()
    assert "paused by the site's staff" in signed_in_client(john).get("/explore/").content.decode()
    queue_resume(TaskQueue.SMALL)
    assert (told(john)["is_paused"], told(john)["due_at"]) == (False, None)


def test_operators_are_told_and_not_to_start_more_workers(pause: QueuePause, john: User) -> None:
    example(john)
    Task.objects.update(queued_at=timezone.now() - timedelta(hours=1))
    assert (status_of("paused queues"), status_of("tasks")) == (Status.WARNING, Status.OK)
    [line] = active_tasks()
    assert (line.queued, line.deferred) == (0, 1)
    queue_resume(TaskQueue.SMALL)
    assert (status_of("paused queues"), status_of("tasks")) == (Status.OK, Status.WARNING)


@pytest.fixture
def operator(staff: User) -> Client:
    return signed_in_client(staff)


def test_staff_pause_and_resume_by_a_button_and_the_log_says_so(operator: Client, staff: User, queue: Queue) -> None:
    operator.post(PAUSE, {"pause": "small"})
    operator.post(PAUSE, {"pause": "small"})  # again: nothing to do, nothing to log
    assert QueuePause.objects.get().by == staff
    page = operator.get(LIST).content.decode()
    assert 'name="resume" value="small"' in page
    assert 'name="pause" value="large"' in page
    operator.post(PAUSE, {"resume": "small"})
    operator.post(PAUSE, {"resume": "small"})
    assert not QueuePause.objects.exists()
    words = list(LogEntry.objects.order_by("pk").values_list("change_message", "object_id"))
    assert words == [("Paused the queue", "small"), ("Resumed the queue", "small")]


def test_others_and_other_ways_are_refused(operator: Client, john: User, db: None) -> None:
    viewer = make_member("viewer", is_staff=True)
    assert signed_in_client(viewer).post(PAUSE, {"pause": "small"}).status_code == 403
    assert signed_in_client(john).post(PAUSE, {"pause": "small"}).status_code == 302  # to the sign-in
    assert operator.get(PAUSE).status_code == 405
    assert operator.post(PAUSE, {"pause": "none"}).status_code == 404
    assert Client(enforce_csrf_checks=True).post(PAUSE, {"pause": "small"}).status_code in (302, 403)
    assert not QueuePause.objects.exists()


def test_an_erased_operator_leaves_the_pause(pause: QueuePause, staff: User) -> None:
    staff.delete()
    assert QueuePause.objects.get().by is None
