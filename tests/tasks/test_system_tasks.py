"""Tasks without a member, the site's own: everything works for them, staff see them, and members never do."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rq import Queue

from accounts.models import User
from notifications.models import Notification
from tasks.job import Result, SystemJob
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.periodic import prune_tasks
from tasks.registry import JOBS, register
from tasks.services.estimates import task_wait
from tasks.services.history import task_history
from tasks.services.launch import TaskAlreadyActiveError, task_launch, task_retry
from tasks.services.recovery import tasks_reconcile
from tasks.services.transitions import task_cancel, task_claim
from tests.members import signed_in_client

LIST = "/admin/tasks/task/"


class Sweep(SystemJob):
    """A system job that can be told to fail."""

    name = "sweep"
    label = description = "Sweep the floor"
    is_broken = False

    def run(self) -> Result:
        if self.is_broken:
            raise OSError("no broom")
        return Result(done=1)


@pytest.fixture
def task(transactional_db: None, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Task]:
    monkeypatch.setattr(Sweep, "is_broken", False)
    register(Sweep)
    yield task_launch(user=None, name="sweep")
    del JOBS["sweep"]


def ended(task: Task, status: TaskStatus, *, days_ago: int = 0) -> Task:
    Task.objects.filter(pk=task.pk).update(status=status, ended_at=timezone.now() - timedelta(days=days_ago))
    task.refresh_from_db()
    return task


def test_it_runs_and_tells_no_member(task: Task, work: Callable[[], None], susan: User) -> None:
    work()
    task.refresh_from_db()
    assert task.status == TaskStatus.SUCCEEDED
    assert [event.reason for event in task_history(task)] == [Reason.ASKED, Reason.CLAIMED, Reason.SUCCEEDED]
    assert not Notification.objects.exists()


def test_it_waits_its_turn(task: Task) -> None:
    assert task_wait(task) is not None
    assert task_wait(task).ahead == 0  # type: ignore[union-attr]


def test_one_of_a_name_is_active_at_a_time(task: Task) -> None:
    with pytest.raises(TaskAlreadyActiveError):
        task_launch(user=None, name="sweep")


def test_members_and_system_jobs_are_not_mixed_up(task: Task, susan: User) -> None:
    for user, name in ((susan, "sweep"), (None, "example")):
        with pytest.raises(ValueError, match="member"):
            task_launch(user=user, name=name)
    with pytest.raises(ValueError, match="no member"):
        _ = task.member


def test_a_dead_worker_costs_it_an_attempt(task: Task, queue: Queue) -> None:
    queue.empty()
    task_claim(task_id=str(task.pk), worker="w")
    Task.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    [recovered] = tasks_reconcile(immediately=True)
    assert (recovered.status, recovered.failures) == (TaskStatus.QUEUED, 1)
    assert queue.job_ids == [str(task.pk)]


def test_its_last_failure_has_a_reason(
    task: Task, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch, mailoutbox: list[object]
) -> None:
    monkeypatch.setattr(Sweep, "is_broken", True)
    Task.objects.update(failures=2)
    work()
    task.refresh_from_db()
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "errored")
    assert "no broom" in task.traceback
    assert mailoutbox == []


def test_it_is_cancelled_and_retried(task: Task, staff: User) -> None:
    task_cancel(task, actor=staff)
    task.refresh_from_db()
    again = task_retry(task, by_staff=True, actor=staff)
    assert (again.user, again.events.get().by) == (None, "staff")


def test_old_ones_are_pruned(task: Task) -> None:
    ended(task, TaskStatus.SUCCEEDED, days_ago=1)
    assert prune_tasks() == 0
    ended(task, TaskStatus.SUCCEEDED, days_ago=1000)
    assert prune_tasks() == 1
    assert not Task.objects.exists()


def test_staff_see_it_and_act_on_it(task: Task, staff: User) -> None:
    client = signed_in_client(staff)
    assert str(task) == f"sweep {task.pk}"
    assert str(task.pk)[:8] in client.get(LIST).content.decode()
    assert client.get(f"{LIST}{task.pk}/change/").status_code == 200
    chosen = {"_selected_action": [str(task.pk)], "post": "yes"}
    client.post(LIST, {"action": "cancel", **chosen})
    client.post(LIST, {"action": "retry", **chosen})
    assert list(Task.objects.order_by("created_at").values_list("status", flat=True)) == ["cancelled", "queued"]
    text = client.post(LIST, {"action": "retry", "_selected_action": [str(task.pk)]}).content.decode()
    assert "one is in progress" in text
    client.post(
        LIST, {"action": "fail", "_selected_action": [str(Task.objects.latest("created_at").pk)], "post": "yes"}
    )
    assert Task.objects.latest("created_at").status == TaskStatus.FAILED


@pytest.mark.parametrize("path", ["/tasks/{}/cancel/", "/tasks/{}/retry/", "/exports/{}/download/"])
def test_members_never_see_it(task: Task, susan: User, path: str) -> None:
    client = signed_in_client(susan)
    ended(task, TaskStatus.FAILED)
    answer = client.get if "download" in path else client.post
    assert answer(path.format(task.pk)).status_code == 404
    for page in ("/exports/", "/explore/", "/notifications/?since=0"):
        assert str(task.pk) not in client.get(page).content.decode()
    assert Client().post(path.format(task.pk)).status_code in (302, 405)


def test_the_end_of_an_account_leaves_it_alone(task: Task, susan: User) -> None:
    susan.delete()
    task.refresh_from_db()
    assert task.status == TaskStatus.QUEUED
