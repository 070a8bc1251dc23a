"""Small and large exports: who is in which lane, and how one worker serves both."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.delivery.sending import email_enqueue
from exports.models import Archive
from inbox.services import message_send
from posts.models import Post
from tasks.models import Task, TaskQueue, TaskStatus
from tasks.queue.client import JobState, job_state, task_enqueue
from tasks.registry import JOBS
from tasks.services.attempts import attempt_worker_lost
from tasks.services.estimates import Wait, task_wait
from tasks.services.launch import task_launch, task_retry
from tasks.services.recovery import tasks_reconcile
from tasks.services.transitions import task_cancel, task_claim
from tests.members import make_member, write_posts_for
from tests.tasks.test_estimates import make_running, make_success, make_task
from tests.workers import InProcessWorker


def queue_of(*, user: User, name: str) -> TaskQueue:
    return JOBS[name].queue(user, {})


LARGE, SMALL = TaskQueue.LARGE, TaskQueue.SMALL
Work = Callable[[], None]


@pytest.fixture(autouse=True)
def three_posts_are_many(settings: LazySettings) -> None:
    """Susan has three."""
    settings.EXPORT_LARGE_FROM = 3


# --- Which lane -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "lane"), [(2, LARGE), (3, LARGE), (4, SMALL)])
def test_an_export_of_many_posts_is_large(susan: User, settings: LazySettings, limit: int, lane: TaskQueue) -> None:
    settings.EXPORT_LARGE_FROM = limit
    assert queue_of(user=susan, name="export_posts") == queue_of(user=susan, name="export_archive") == lane


def test_other_members_posts_do_not_count(susan: User, john: User) -> None:
    assert queue_of(user=john, name="export_posts") == SMALL


def test_messages_make_the_complete_archive_large_and_no_other(susan: User, john: User) -> None:
    Post.objects.all().delete()
    for body in ("one", "two", "three"):
        message_send(sender=susan, recipient=john, body=body)
    for member in (susan, john):
        assert queue_of(user=member, name="export_archive") == LARGE
        assert queue_of(user=member, name="export_posts") == SMALL


def test_the_example_is_small_whoever_starts_it(susan: User, queue: Queue) -> None:
    assert task_launch(user=susan, name="example", params={"seconds": 1}).queue == SMALL


def test_no_more_posts_are_looked_at_than_it_takes(susan: User) -> None:
    with CaptureQueriesContext(connection) as captured:
        queue_of(user=susan, name="export_posts")
    [query] = captured
    assert "LIMIT 1 OFFSET 2" in query["sql"]


def test_a_retry_chooses_the_queue_again(susan: User, queue: Queue, large_queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    task_cancel(task)
    Post.objects.all().delete()
    task.refresh_from_db()
    assert (task.queue, task_retry(task).queue) == (LARGE, SMALL)


# --- The queues -----------------------------------------------------------------------------------------


def test_a_large_export_waits_in_a_queue_of_its_own(susan: User, queue: Queue, large_queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    assert (queue.job_ids, large_queue.job_ids) == ([], [str(task.pk)])
    assert job_state(str(task.pk)) is JobState.WAITING


def test_it_is_queued_again_in_its_lane(susan: User, queue: Queue, large_queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    large_queue.empty()
    claimed = task_claim(task_id=str(task.pk), worker="w1")
    assert claimed
    attempt_worker_lost(Task.objects.claimed_as(claimed), claimed)
    assert (queue.job_ids, large_queue.job_ids) == ([], [str(task.pk)])


def test_its_mail_is_small(susan: User, queue: Queue, large_queue: Queue, work: Work) -> None:
    task_launch(user=susan, name="export_posts")
    work()
    archive = Archive.objects.get()
    email_enqueue(archive)
    assert (queue.job_ids, large_queue.job_ids) == ([f"mail-{archive.pk}"], [])


def test_a_worker_of_default_serves_both_and_a_worker_of_another_queue_does_not(queue: Queue) -> None:
    assert InProcessWorker([queue], connection=queue.connection).queue_names() == ["default", "large"]
    assert InProcessWorker(["default", "large"], connection=queue.connection).queue_names() == ["default", "large"]
    assert InProcessWorker("large", connection=queue.connection).queue_names() == ["large"]
    assert InProcessWorker("other", connection=queue.connection).queue_names() == ["other"]


def test_a_worker_takes_of_each_lane_in_turn(susan: User, queue: Queue, work: Work) -> None:
    tasks = []
    for number in range(3):
        writer = make_member(f"writer{number}")
        write_posts_for(writer, 3)
        tasks.append(task_launch(user=writer, name="export_posts"))
    tasks += [task_launch(user=make_member(f"reader{number}"), name="export_posts") for number in range(3)]
    work()
    lanes = Task.objects.order_by("started_at").values_list("queue", flat=True)
    assert list(lanes) == [SMALL, LARGE] * 3


def test_a_job_that_a_worker_lost_as_it_took_it_is_queued_again(
    susan: User, queue: Queue, large_queue: Queue, work: Work
) -> None:
    """From several queues RQ takes a job by BLPOP: who is killed then has it alone."""
    task = task_launch(user=susan, name="export_posts")
    assert large_queue.connection.lpop(large_queue.key) == str(task.pk).encode()
    assert job_state(str(task.pk)) is JobState.TAKEN
    assert tasks_reconcile() == []
    Task.objects.update(queued_at=timezone.now() - timedelta(minutes=1))
    assert tasks_reconcile() == [task]
    assert large_queue.job_ids == [str(task.pk)]
    work()
    task.refresh_from_db()
    assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 1, 0)


# --- Beside code that knows of one queue only -----------------------------------------------------------


def test_a_row_without_a_lane_is_small(susan: User) -> None:
    task = Task.objects.create(user=susan, name="export_posts", status=TaskStatus.CANCELLED, queue=LARGE)
    with connection.cursor() as cursor:
        names = [field.column for field in Task._meta.concrete_fields if field.name not in {"id", "queue"}]
        columns = ", ".join(f'"{name}"' for name in names)
        new = "3f2b8f1e00000000000000000000abcd"
        cursor.execute(f'INSERT INTO exports_task ("id", {columns}) SELECT %s, {columns} FROM exports_task', [new])
    assert Task.objects.exclude(pk=task.pk).get().queue == SMALL


def test_a_large_export_that_such_code_has_put_into_default_too_is_made_once(
    susan: User, queue: Queue, large_queue: Queue, work: Work
) -> None:
    """It looks for the job in `default`, does not find it, and queues it there."""
    task = task_launch(user=susan, name="export_posts")
    task.queue = SMALL  # as far as that code knows
    task_enqueue(task, at_front=True)
    assert queue.job_ids == large_queue.job_ids == [str(task.pk)]
    assert job_state(str(task.pk)) is JobState.WAITING
    work()
    task.refresh_from_db()
    assert (task.status, task.attempt, Archive.objects.count()) == (TaskStatus.SUCCEEDED, 1, 1)
    assert queue.job_ids == large_queue.job_ids == []


# --- The wait -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lane", "other"), [(SMALL, LARGE), (LARGE, SMALL)])
def test_each_waits_for_its_own_lane(db: None, lane: TaskQueue, other: TaskQueue) -> None:
    make_success(seconds=1000, queue=other)
    make_success(seconds=10, queue=lane)
    for each in (lane, other):
        make_running(progress=50, seconds=20, queue=each)
        make_task("queued", queue=each)
    assert task_wait(make_task("queued", queue=lane)) == Wait(2, 30)


def test_how_long_small_ones_took_says_nothing_of_a_large_one(db: None) -> None:
    make_success(seconds=10, queue=SMALL)
    make_running(progress=0, seconds=1, queue=LARGE)
    assert task_wait(make_task("queued", queue=LARGE)) == Wait(1, None)
