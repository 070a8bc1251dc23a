"""A task's history: one event per transition with its actor, and the page that shows it to staff."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.models import Archive
from tasks.models import Task, TaskEvent
from tasks.models.event import ActorType, Reason
from tasks.services.attempts import attempt_failed, attempt_released, attempt_worker_lost
from tasks.services.history import task_history
from tasks.services.launch import task_launch
from tasks.services.transitions import task_beat, task_cancel, task_claim, task_requeue, task_touch_queued
from tests.job_doubles import replace_run
from tests.members import make_member, signed_in_client

LIST = "/admin/tasks/task/"


def told(task: Task) -> list[tuple[str, int, str, str]]:
    """Return reason, attempt, worker and party of all that happened."""
    return [(event.reason, event.attempt, event.worker, event.by) for event in task_history(task)]


def claimed(task: Task, worker: str = "w1") -> Task:
    running = task_claim(task_id=str(task.pk), worker=worker)
    assert running
    return running


def page(client: Client, task: Task) -> str:
    return " ".join(client.get(f"{LIST}{task.pk}/change/").content.decode().split())


def test_an_export_tells_how_it_went(susan: User, signed_in: Client, work: Callable[[], None]) -> None:
    signed_in.post("/exports/")
    work()
    asked, taken, done = task_history(Task.objects.get())
    assert (asked.reason, asked.by, asked.actor, asked.attempt) == (Reason.ASKED, ActorType.MEMBER, susan, 0)
    assert (taken.reason, taken.by, taken.attempt) == (Reason.CLAIMED, ActorType.SYSTEM, 1)
    assert taken.worker
    assert (done.reason, done.status, done.worker) == (Reason.SUCCEEDED, "succeeded", taken.worker)


def test_heartbeats_leave_no_event(susan: User, queue: Queue) -> None:
    running = claimed(task_launch(user=susan, name="export_posts"))
    for done in range(3):
        task_beat(running, done=done, total=3)
    assert TaskEvent.objects.count() == 2


def test_a_transition_that_does_not_happen_leaves_no_event(susan: User, failed: Task) -> None:
    assert task_cancel(failed, actor=susan) is None
    assert not TaskEvent.objects.exists()


def test_every_attempt_is_listed_with_its_worker_and_its_end(susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts", actor=susan)
    running = claimed(task, "w1")
    attempt_worker_lost(Task.objects.claimed_as(running), running)
    running = claimed(task, "w2")
    attempt_released(Task.objects.claimed_as(running), running)
    running = claimed(task, "w3")
    attempt_failed(running, traceback="Traceback", error_class="OSError")
    running = claimed(task, "w4")
    attempt_failed(running, traceback="Traceback", error_class="ValueError")
    assert told(task) == [
        ("asked", 0, "", "member"),
        ("claimed", 1, "w1", "system"),
        ("died", 1, "w1", "system"),
        ("claimed", 2, "w2", "system"),
        ("handed_back", 2, "w2", "system"),
        ("claimed", 3, "w3", "system"),
        ("raised", 3, "w3", "system"),
        ("claimed", 4, "w4", "system"),
        ("raised", 4, "w4", "system"),
    ]
    statuses = [event.status for event in task_history(task)]
    assert statuses[-3:] == ["queued", "running", "failed"]
    assert [event.detail for event in task_history(task) if event.detail] == ["OSError", "ValueError"]


def test_an_error_is_reported_by_its_class_only(
    susan: User, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("what susan wrote")

    replace_run(monkeypatch, fail)
    task = task_launch(user=susan, name="export_posts")
    work()
    [event] = task.events.filter(reason=Reason.ERRORED)
    assert event.detail == "RuntimeError"


def test_a_job_that_was_lost_is_told_and_one_that_was_deferred_is_not(susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    touched = task_touch_queued(task)
    assert touched
    assert told(task)[-1][0] == "job_lost"
    running = claimed(task)
    waiting = task_requeue(Task.objects.claimed_as(running), running, run_after=timezone.now())
    assert waiting
    before = TaskEvent.objects.count()
    assert task_touch_queued(waiting)
    assert TaskEvent.objects.count() == before


def test_with_the_queue_server_unavailable_the_history_says_so(susan: User, unreachable_queue: None) -> None:
    task = task_launch(user=susan, name="export_posts", actor=susan)
    assert [reason for reason, *_rest in told(task)] == ["asked", "queue_away"]


def test_actions_of_members_and_staff_are_distinguished(
    susan: User, signed_in: Client, staff: User, queue: Queue
) -> None:
    signed_in.post("/exports/")
    task = Task.objects.get()
    chosen = {"action": "cancel", "_selected_action": [str(task.pk)], "post": "yes"}
    signed_in_client(staff).post(LIST, chosen)
    signed_in.post(f"/exports/{task.pk}/retry/")
    again = Task.objects.exclude(pk=task.pk).get()
    signed_in.post(f"/exports/{again.pk}/cancel/")
    assert [(reason, by) for reason, _attempt, _worker, by in told(task)] == [
        ("asked", "member"),
        ("cancelled", "staff"),
    ]
    retried, cancelled = task_history(again)
    assert (retried.reason, retried.by, retried.detail) == (Reason.RETRIED, ActorType.MEMBER, str(task.pk))
    assert (cancelled.by, cancelled.actor) == (ActorType.MEMBER, susan)


def test_that_staff_did_it_outlives_their_account(failed: Task, staff: User) -> None:
    TaskEvent.objects.create(
        task=failed, status="failed", reason=Reason.FAILED, attempt=1, by=ActorType.STAFF, actor=staff
    )
    staff.delete()
    event = TaskEvent.objects.get()
    assert (event.actor, event.by) == (None, ActorType.STAFF)
    superuser = make_member("root", is_staff=True, is_superuser=True)
    assert "staff (account erased)" in page(signed_in_client(superuser), failed)


def test_transitions_without_events_are_shown_from_the_row(susan: User) -> None:
    """Releases run side by side, and rows are older than the events."""
    now = timezone.now()
    times = {"created_at": now - timedelta(seconds=9), "started_at": now - timedelta(seconds=5), "ended_at": now}
    task = Task.objects.create(user=susan, name="export_posts", status="cancelled", attempt=2, worker="old", **times)
    assert told(task) == [("asked", 0, "", ""), ("claimed", 2, "old", ""), ("cancelled", 2, "old", "")]
    assert not TaskEvent.objects.exists()


def test_a_task_of_both_releases_is_listed_once(susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts", actor=susan)
    later = timezone.now() + timedelta(seconds=1)
    Task.objects.update(status="running", attempt=1, worker="old", started_at=later, heartbeat_at=later)
    task.refresh_from_db()
    task_cancel(task, actor=susan)
    task.refresh_from_db()
    assert [reason for reason, *_rest in told(task)] == ["asked", "cancelled", "claimed"]


def test_the_page_shows_the_history_and_the_emails_outcome(staff: User, exported: Archive) -> None:
    text = page(signed_in_client(staff), exported.task)
    for expected in (
        "Requested",
        "Claimed by a worker",
        "Succeeded",
        "Handed to the mail server for susan@example.com at",
        "the system",
    ):
        assert expected in text
    assert f"{LIST}?user__id__exact={exported.user_id}" in text
    assert f'href="/admin/exports/archive/{exported.pk}/change/"' in text


def test_the_page_shows_an_overdue_email(staff: User, exported: Archive) -> None:
    Archive.objects.update(mailed_at=None, mail_due_at=timezone.now(), mail_attempts=2, mail_error="Connection refused")
    text = page(signed_in_client(staff), exported.task)
    assert "after 2 attempts" in text
    assert "Connection refused" in text


def test_the_list_can_be_narrowed_to_a_members_tasks(staff: User, exported: Archive, failed: Task) -> None:
    Task.objects.create(user=make_member("john"), name="export_posts", status="failed")
    text = signed_in_client(staff).get(f"{LIST}?user__id__exact={exported.user_id}").content.decode()
    assert "2 tasks" in text


def test_the_page_needs_as_many_queries_for_a_longer_history(staff: User, failed: Task) -> None:
    client = signed_in_client(staff)

    def count_queries() -> int:
        page(client, failed)
        with CaptureQueriesContext(connection) as queries:
            page(client, failed)
        return len(queries)

    def add_events(count: int) -> None:
        for _ in range(count):
            TaskEvent.objects.create(
                task=failed,
                status="queued",
                reason=Reason.WORKER_LOST,
                attempt=1,
                by=ActorType.STAFF,
                actor=make_member(),
            )

    add_events(2)
    with_few = count_queries()
    add_events(10)
    assert count_queries() == with_few


def test_a_launch_and_an_end_cost_one_insert_each_more(susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    running = claimed(task)
    with CaptureQueriesContext(connection) as queries:
        task_cancel(running, actor=susan)
    about_events = [query["sql"] for query in queries if "exports_taskevent" in query["sql"]]
    assert len(about_events) == 1
    assert about_events[0].startswith("INSERT")
