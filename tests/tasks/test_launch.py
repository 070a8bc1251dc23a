"""Launching a task: once, after the commit, and never in silence."""

import threading

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.test import Client
from rq import Queue

from accounts.models import User
from tasks.models import Task, TaskStatus
from tasks.services.launch import TaskAlreadyActiveError, task_launch, task_retry
from tasks.services.transitions import task_cancel


def test_the_job_has_the_tasks_id(susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    assert queue.job_ids == [str(task.pk)]


def test_a_job_is_enqueued_only_after_the_commit(susan: User, queue: Queue) -> None:
    with transaction.atomic():
        task_launch(user=susan, name="export_posts")
        assert queue.job_ids == []
    assert len(queue.job_ids) == 1


def test_a_rollback_leaves_neither_row_nor_job(susan: User, queue: Queue) -> None:
    with transaction.atomic():
        task_launch(user=susan, name="export_posts")
        transaction.set_rollback(True)
    assert queue.job_ids == []
    assert not Task.objects.exists()


def test_a_second_one_is_refused_while_the_first_is_active(susan: User, queue: Queue) -> None:
    task_launch(user=susan, name="export_posts")
    with pytest.raises(TaskAlreadyActiveError):
        task_launch(user=susan, name="export_posts")
    assert len(queue.job_ids) == 1


def test_another_member_and_another_name_are_not_hindered(susan: User, john: User, queue: Queue) -> None:
    task_launch(user=susan, name="export_posts")
    task_launch(user=susan, name="example", params={"seconds": 1})
    task_launch(user=john, name="export_posts")
    assert len(queue.job_ids) == 3


def test_twenty_simultaneous_requests_start_exactly_one(susan: User, queue: Queue) -> None:
    clients = [Client() for _ in range(20)]
    for client in clients:
        client.force_login(susan)
    start = threading.Barrier(20)
    answers: list[int] = []

    def post(client: Client) -> None:
        start.wait()
        answers.append(client.post("/exports/").status_code)
        connection.close()

    threads = [threading.Thread(target=post, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302] * 20
    assert Task.objects.count() == 1
    assert len(queue.job_ids) == 1


def test_with_the_queue_out_of_reach_the_task_fails_at_once_and_holds_no_slot(
    susan: User, queue: Queue, unreachable_queue: None
) -> None:
    task = task_launch(user=susan, name="export_posts")
    assert task.status == TaskStatus.FAILED
    assert "is unavailable" in task.error
    assert task.progress == 0
    task_launch(user=susan, name="export_posts")


def test_a_retry_is_a_new_task_of_the_same_kind(failed: Task, queue: Queue) -> None:
    again = task_retry(failed)
    assert (again.name, again.user, again.status) == (failed.name, failed.user, TaskStatus.QUEUED)
    failed.refresh_from_db()
    assert failed.status == TaskStatus.FAILED


def test_an_active_task_cannot_be_retried(susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    with pytest.raises(ValueError, match="queued"):
        task_retry(task)


def test_a_new_task_replaces_the_earlier_ones_alert(susan: User, queue: Queue) -> None:
    first = task_launch(user=susan, name="export_posts")
    task_cancel(first)
    second = task_launch(user=susan, name="export_posts")
    shown = susan.notifications.filter(name="task_progress", dismissed=False)
    assert [notification.key for notification in shown] == [str(second.pk)]


def test_the_explicit_time_out_reaches_the_job(susan: User, queue: Queue, settings: LazySettings) -> None:
    settings.EXPORT_JOB_TIMEOUT = 1234
    task_launch(user=susan, name="export_posts")
    assert queue.jobs[0].timeout == 1234
