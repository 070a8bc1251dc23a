"""How often a member may export: one success of a kind in a while."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rq import Queue

from accounts.models import User
from core.humanize import moment_in_words
from exports.models import Archive
from tasks.models import Task, TaskStatus
from tasks.services.launch import TaskTooSoonError, task_launch, task_retry
from tests.members import make_member
from tests.messages import told


@pytest.fixture(autouse=True)
def _cooldown(settings: LazySettings) -> None:
    settings.EXPORT_COOLDOWN = 600


@pytest.fixture
def success(susan: User) -> Task:
    """Susan's export that succeeded three minutes and a half ago."""
    return make_task(susan, "succeeded")


def make_task(user: User, status: str, name: str = "export_posts", seconds: float = 210) -> Task:
    return Task.objects.create(
        user=user,
        name=name,
        status=status,
        progress=100 if status == "succeeded" else 0,
        ended_at=timezone.now() - timedelta(seconds=seconds),
    )


def test_a_second_success_in_ten_minutes_is_refused_and_told_when(
    signed_in: Client, success: Task, queue: Queue
) -> None:
    assert success.ended_at
    next_at = moment_in_words(success.ended_at + timedelta(minutes=10))
    response = signed_in.post("/exports/")
    assert response["Location"] == "/user/susan/"
    assert told(response) == [f"Nothing was started. You can start this again in 7 minutes ({next_at})."]
    assert next_at.endswith("UTC")
    assert queue.job_ids == []
    assert Task.objects.count() == 1


def test_the_service_says_when_it_is_possible(susan: User, success: Task) -> None:
    with pytest.raises(TaskTooSoonError) as refusal:
        task_launch(user=susan, name="export_posts")
    assert success.ended_at
    assert refusal.value.next_at == success.ended_at + timedelta(minutes=10)


def test_after_the_pause_it_starts(susan: User, queue: Queue) -> None:
    make_task(susan, "succeeded", seconds=601)
    assert task_launch(user=susan, name="export_posts").status == TaskStatus.QUEUED


def test_a_refusal_leaves_no_message_and_removes_no_alert(susan: User, work: Callable[[], None]) -> None:
    task_launch(user=susan, name="export_posts")
    work()
    before = list(susan.notifications.values("key", "dismissed", "cursor"))
    with pytest.raises(TaskTooSoonError):
        task_launch(user=susan, name="export_posts")
    assert list(susan.notifications.values("key", "dismissed", "cursor")) == before


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_unsuccessful_exports_do_not_count(signed_in: Client, susan: User, queue: Queue, status: str) -> None:
    make_task(susan, status)
    signed_in.post("/exports/")
    assert len(queue.job_ids) == 1


def test_each_kind_and_each_member_has_a_pause_of_its_own(susan: User, john: User, success: Task, queue: Queue) -> None:
    task_launch(user=susan, name="export_archive")
    task_launch(user=john, name="export_posts")
    assert len(queue.job_ids) == 2


def test_other_jobs_have_no_cooldown(susan: User, queue: Queue) -> None:
    make_task(susan, "succeeded", name="example")
    task_launch(user=susan, name="example", params={"seconds": 1})
    assert len(queue.job_ids) == 1


def test_deleting_the_file_does_not_shorten_the_pause(
    signed_in: Client, susan: User, exported: Archive, queue: Queue
) -> None:
    signed_in.post(reverse("exports:delete", args=[exported.task_id]))
    signed_in.post("/exports/")
    assert Task.objects.count() == 1


def test_a_retry_is_under_the_same_rule(signed_in: Client, success: Task, failed: Task, queue: Queue) -> None:
    response = signed_in.post(reverse("tasks:retry", args=[failed.pk]))
    assert "in 7 minutes" in told(response)[0]
    assert queue.job_ids == []


def test_a_second_attempt_is_told_the_same(signed_in: Client, success: Task, queue: Queue) -> None:
    signed_in.post("/exports/")
    assert "in 7 minutes" in told(signed_in.post("/exports/"))[-1]


def test_one_in_progress_is_told_before_the_pause(signed_in: Client, susan: User, success: Task, queue: Queue) -> None:
    task_launch(user=susan, name="export_posts", by_staff=True)
    assert told(signed_in.post("/exports/")) == ["An export task is currently in progress"]


def test_the_pages_say_so_instead_of_offering_it(signed_in: Client, success: Task, failed: Task) -> None:
    for path in ("/user/susan/", "/exports/"):
        page = signed_in.get(path).content.decode()
        assert 'id="export-posts"' not in page
        assert "You can start this again in 7 minutes" in page
    assert 'id="export-archive"' in page
    assert reverse("tasks:retry", args=[failed.pk]) not in page


def test_staff_need_not_wait_when_they_retry_for_a_member(
    client: Client, success: Task, failed: Task, queue: Queue
) -> None:
    client.force_login(make_member("root", is_staff=True, is_superuser=True))
    client.post("/admin/tasks/task/", {"action": "retry", "_selected_action": [str(failed.pk)], "post": "yes"})
    assert len(queue.job_ids) == 1


def test_a_retry_by_staff_is_no_members_retry(success: Task, failed: Task, queue: Queue) -> None:
    with pytest.raises(TaskTooSoonError):
        task_retry(failed)
    task_retry(failed, by_staff=True)


def test_without_a_pause_everything_starts(susan: User, success: Task, queue: Queue, settings: LazySettings) -> None:
    settings.EXPORT_COOLDOWN = 0
    task_launch(user=susan, name="export_posts")
    assert len(queue.job_ids) == 1
