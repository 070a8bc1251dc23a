"""Rows that are older than the code that reads them, or newer, and rows with times by a clock that was set wrong."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.models import Archive
from exports.verification import verify_archive
from posts.models import Post
from tasks.admin.actions import retry_if_possible
from tasks.models import Task, TaskStatus
from tasks.queue.client import task_enqueue
from tasks.services.launch import task_launch
from tasks.services.recovery import tasks_reconcile
from tests.members import make_member
from tests.messages import told

LONG_AGO = timedelta(minutes=5)
IN_A_YEAR = timedelta(days=365)
NO_LONGER_OFFERED = "This is no longer available."
UNKNOWN = [{"name": "export_as_punched_cards"}, {"name": "example", "params": {}}]


def row(user: User, status: TaskStatus, **fields: object) -> Task:
    then = timezone.now() - LONG_AGO
    values = {"name": "export_posts", "queued_at": then, "heartbeat_at": then, "attempt": 1, **fields}
    return Task.objects.create(user=user, description="...", status=status, **values)


def status_of(task: Task) -> str:
    task.refresh_from_db()
    return task.status


@pytest.mark.parametrize("fields", UNKNOWN)
@pytest.mark.parametrize("status", [TaskStatus.QUEUED, TaskStatus.RUNNING])
def test_a_task_that_this_code_cannot_run_ends_with_a_reason_and_hinders_no_other(
    susan: User, queue: Queue, status: TaskStatus, fields: dict[str, object]
) -> None:
    odd = row(susan, status, **fields)
    other = row(make_member(), TaskStatus.QUEUED)
    tasks_reconcile(immediately=True)
    Task.objects.filter(status=TaskStatus.QUEUED).update(queued_at=timezone.now() - LONG_AGO)
    tasks_reconcile(immediately=True)
    assert (status_of(odd), odd.error) == (TaskStatus.FAILED, NO_LONGER_OFFERED)
    assert queue.job_ids == [str(other.pk)]


def test_a_newer_kind_that_waits_in_the_queue_is_left_to_a_newer_worker(susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    Task.objects.update(name="export_as_punched_cards", queued_at=timezone.now() - LONG_AGO)
    assert tasks_reconcile() == []
    assert status_of(task) == TaskStatus.QUEUED


@pytest.mark.parametrize("fields", UNKNOWN)
def test_a_task_that_this_code_cannot_run_is_not_retried(
    susan: User, signed_in: Client, queue: Queue, fields: dict[str, object]
) -> None:
    task = row(susan, TaskStatus.FAILED, **fields)
    assert told(signed_in.post(f"/exports/{task.pk}/retry/")) == [NO_LONGER_OFFERED]
    assert not retry_if_possible(task, susan)
    assert Task.objects.get() == task


@pytest.mark.parametrize("path", ["/", "/exports/", "/notifications/"])
def test_pages_bear_a_task_of_an_unknown_kind(susan: User, signed_in: Client, path: str) -> None:
    for status in TaskStatus:
        row(susan, status, name=f"export_as_{status}")
    assert signed_in.get(path).status_code == 200


def test_a_heartbeat_from_the_future_does_not_keep_a_dead_task_alive(susan: User, queue: Queue) -> None:
    row(susan, TaskStatus.RUNNING, heartbeat_at=timezone.now() + IN_A_YEAR)
    assert len(tasks_reconcile(immediately=True)) == 1


@pytest.mark.parametrize("field", ["queued_at", "run_after"])
def test_a_task_queued_or_deferred_by_a_clock_set_wrong_does_not_wait_for_that_time(
    susan: User, queue: Queue, field: str
) -> None:
    task = row(susan, TaskStatus.QUEUED, **{field: timezone.now() + IN_A_YEAR})
    assert tasks_reconcile() == [task]
    assert queue.job_ids == [str(task.pk)]


def test_the_pauses_of_the_settings_are_kept(susan: User, queue: Queue) -> None:
    row(susan, TaskStatus.QUEUED, run_after=timezone.now() + timedelta(seconds=60))
    assert tasks_reconcile() == []


def test_a_job_that_was_taken_from_the_queue_and_never_started_is_queued_again(susan: User, queue: Queue) -> None:
    """RQ itself notices after a minute or two."""
    task = row(susan, TaskStatus.QUEUED)
    task_enqueue(task)
    assert tasks_reconcile() == []
    queue.connection.lmove(queue.key, queue.intermediate_queue_key)
    assert tasks_reconcile() == [task]
    assert queue.job_ids == [str(task.pk)]


@pytest.mark.parametrize("name", ["export_posts", "export_archive"])
def test_moments_at_the_ends_of_the_calendar_are_exported(
    susan: User, work: Callable[[], None], tmp_path: Path, name: str
) -> None:
    User.objects.update(time_zone="Pacific/Kiritimati")
    for moment in (datetime.min, datetime.max):  # noqa: DTZ901
        Post.objects.create(author=susan, body="words", timestamp=moment.replace(tzinfo=UTC))
    task = task_launch(user=susan, name=name)
    work()
    assert status_of(task) == TaskStatus.SUCCEEDED
    with Archive.objects.get(task=task).file.open("rb") as file:
        content = file.read()
    if name == "export_posts":
        posts = json.loads(content)["posts"]
        assert (posts[0]["timestamp"], posts[-1]["timestamp"]) == (
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
        )
    else:
        (tmp_path / "archive.zip").write_bytes(content)
        verify_archive(tmp_path / "archive.zip")
