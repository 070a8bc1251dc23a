"""A queued export's place, and how long it is likely to wait: computed, told, and kept up."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import post_init
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rq import Queue

from accounts.models import User
from core.humanize import duration_in_words, moment_in_words
from notifications.models import Notification
from tasks.models import Task
from tasks.services.estimates import Wait, task_wait
from tasks.services.launch import task_launch
from tasks.services.payloads import queue_places_publish, task_payload
from tasks.services.transitions import task_cancel, task_claim, task_requeue
from tests.members import make_member

NOW = timezone.now


def make_task(status: str, **fields: Any) -> Task:
    """Return a task of a new member."""
    return Task.objects.create(user=make_member(), status=status, **{"name": "export_posts", **fields})


def make_running(progress: int, seconds: float, **fields: Any) -> Task:
    """Return a task that has run for so many seconds, and does."""
    started_at = NOW() - timedelta(seconds=seconds)
    return make_task("running", progress=progress, started_at=started_at, heartbeat_at=NOW(), **fields)


def make_success(seconds: float, **fields: Any) -> Task:
    started = NOW() - timedelta(hours=1)
    return make_task(
        "succeeded", progress=100, started_at=started, ended_at=started + timedelta(seconds=seconds), **fields
    )


def told(task: Task) -> Any:
    return Notification.objects.get(key=str(task.pk)).data


def test_the_first_task_has_none_ahead(db: None) -> None:
    make_task("failed")
    assert task_wait(make_task("queued")) == Wait(0, None)


def test_a_task_that_is_not_queued_has_no_place(db: None) -> None:
    assert task_wait(make_running(1, 1)) is None


def test_a_running_task_is_estimated_by_its_own_progress(db: None) -> None:
    make_success(seconds=1000)
    make_running(progress=25, seconds=10)
    assert task_wait(make_task("queued")) == Wait(1, 30)


def test_a_running_task_without_progress_is_estimated_by_its_kind(db: None) -> None:
    make_success(seconds=60)
    make_running(progress=0, seconds=10)
    assert task_wait(make_task("queued")) == Wait(1, 50)


def test_a_running_task_that_takes_longer_than_usual_ends_at_any_moment(db: None) -> None:
    make_success(seconds=60)
    make_running(progress=0, seconds=100)
    assert task_wait(make_task("queued")) == Wait(1, 0)


def test_queued_ones_count_with_what_their_kind_usually_takes(db: None) -> None:
    for seconds in (10, 20, 9000):
        make_success(seconds)
    make_success(seconds=300, name="export_archive")
    for name in ("export_posts", "export_posts", "export_archive"):
        make_task("queued", name=name)
    assert task_wait(make_task("queued")) == Wait(3, 340)


def test_workers_share_what_is_ahead(db: None) -> None:
    make_success(seconds=40)
    for _ in range(2):
        make_running(progress=50, seconds=30)
    make_task("queued")
    assert task_wait(make_task("queued")) == Wait(3, 50)


def test_without_any_success_there_is_no_estimate(db: None) -> None:
    make_running(progress=50, seconds=30)
    make_task("queued")
    assert task_wait(make_task("queued")) == Wait(2, None)


def test_tasks_behind_do_not_count(db: None) -> None:
    task = make_task("queued")
    make_task("queued")
    assert task_wait(task) == Wait(0, None)


def test_a_requeued_task_goes_to_the_end(db: None) -> None:
    running = make_running(progress=50, seconds=30)
    task = make_task("queued")
    requeued = task_requeue(Task.objects.filter(pk=running.pk), running)
    assert requeued
    assert task_wait(requeued) == Wait(1, None)
    assert task_wait(task) == Wait(0, None)


def test_the_queries_are_the_same_for_any_number_ahead(db: None) -> None:
    make_success(seconds=60)
    for _ in range(10):
        make_running(progress=0, seconds=10)
        make_task("queued")
    task = make_task("queued")
    with CaptureQueriesContext(connection) as captured:
        task_wait(task)
    assert len(captured) == 3


def test_tasks_ahead_are_counted_without_fetching_them(db: None) -> None:
    fetched: list[Any] = []

    def note(instance: Task, **_signal: Any) -> None:
        fetched.append(instance.pk)

    running = make_running(progress=50, seconds=10)
    for _ in range(10):
        make_task("queued")
    task = make_task("queued")
    post_init.connect(note, sender=Task)
    try:
        wait = task_wait(task)
    finally:
        post_init.disconnect(note, sender=Task)
    assert wait
    assert wait.ahead == 11
    assert set(fetched) == {running.pk}


def test_the_payload_of_a_launch_has_the_place(susan: User, queue: Queue) -> None:
    make_success(seconds=60)
    make_running(progress=50, seconds=20)
    news = told(task_launch(user=susan, name="export_posts"))
    assert (news["ahead"], news["wait_seconds"]) == (1, 20)


def test_a_running_tasks_payload_has_no_place(db: None) -> None:
    news = task_payload(make_running(progress=50, seconds=20))
    assert (news["ahead"], news["wait_seconds"]) == (None, None)


@pytest.mark.parametrize(("progress", "seconds", "remaining"), [(50, 20, 20), (0, 20, None), (50, 1, None)])
def test_a_running_tasks_payload_says_how_long_it_still_takes_once_its_pace_tells(
    db: None, progress: int, seconds: int, remaining: int | None
) -> None:
    assert task_payload(make_running(progress=progress, seconds=seconds))["remaining_seconds"] == remaining


def test_alert_and_card_say_how_many_are_ahead(signed_in: Client, susan: User, queue: Queue) -> None:
    make_success(seconds=10)
    for _ in range(2):
        make_running(progress=50, seconds=9)
    task_launch(user=susan, name="export_posts")
    for address in ("/exports/", "/explore/"):  # on the card, and in the alert of any other page
        page = " ".join(signed_in.get(address).content.decode().split())
        assert page.count("2 jobs ahead of yours, about 10 seconds") == 1


def test_the_script_gets_the_words_for_another_place(signed_in: Client, susan: User, queue: Queue) -> None:
    make_running(progress=50, seconds=9)
    task = task_launch(user=susan, name="export_posts")
    page = signed_in.get("/exports/").content.decode()
    assert page.count(f'data-wait="{task.pk}"') == 1
    assert page.count('data-one="{number} job ahead of yours, about {duration}"') == 1
    assert page.count('data-other="{number} jobs ahead of yours, about {duration}"') == 1


def test_one_ahead_is_said_in_the_singular_and_without_an_estimate_none_is_said(
    signed_in: Client, susan: User, queue: Queue
) -> None:
    make_running(progress=0, seconds=9)
    task_launch(user=susan, name="export_posts")
    page = " ".join(signed_in.get("/exports/").content.decode().split())
    assert page.count("1 job ahead of yours <") == 1


def test_a_poll_reports_a_changed_place_in_the_queue(signed_in: Client, susan: User, queue: Queue) -> None:
    running = make_running(progress=50, seconds=9)
    task = task_launch(user=susan, name="export_posts")
    task_cancel(running)
    seen = int((NOW().timestamp() - 20) * 1_000_000)
    User.objects.filter(pk=susan.pk).update(notification_cursor=seen)
    since = f"/notifications/?since={seen / 1_000_000}"
    assert signed_in.get(since).json() == []
    [news] = signed_in.get(since).json()
    assert (news["data"]["task_id"], news["data"]["ahead"]) == (str(task.pk), 0)


def test_an_unchanged_place_is_not_written_again(susan: User, queue: Queue) -> None:
    make_running(progress=50, seconds=9)
    task_launch(user=susan, name="export_posts")
    with CaptureQueriesContext(connection) as captured:
        queue_places_publish(user=susan)
    assert [query["sql"] for query in captured if not query["sql"].startswith("SELECT")] == []


def test_with_nothing_queued_one_query_is_all(susan: User) -> None:
    with CaptureQueriesContext(connection) as captured:
        queue_places_publish(user=susan)
    assert len(captured) == 1


def test_a_worker_that_claims_the_task_meanwhile_has_the_last_word(
    susan: User, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_launch(user=susan, name="export_posts")
    make_running(progress=50, seconds=9)

    def claimed_on_the_way(waiting: Task) -> Wait | None:
        task_claim(task_id=str(waiting.pk), worker="w1")
        return Wait(1, None)

    monkeypatch.setattr("tasks.services.payloads.task_wait", claimed_on_the_way)
    queue_places_publish(user=susan)
    assert told(task)["status"] == "running"


def test_other_members_are_not_told(susan: User, john: User, queue: Queue) -> None:
    make_running(progress=50, seconds=9)
    task = task_launch(user=john, name="export_posts")
    task_cancel(Task.objects.get(status="running"))
    queue_places_publish(user=susan)
    assert told(task)["ahead"] == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "5 seconds"),
        (7.2, "10 seconds"),
        (55, "55 seconds"),
        (56, "1 minute"),
        (61, "2 minutes"),
        (6 * 60 + 10, "7 minutes"),
        (59 * 60 + 1, "1 hour"),
        (3601, "2 hours"),
        (23 * 3600 + 1, "1 day"),
        (10 * 86400, "10 days"),
    ],
)
def test_durations_are_said_in_one_unit_and_rounded_up(seconds: float, words: str) -> None:
    assert duration_in_words(seconds) == words


def test_moments_are_said_with_the_sites_zone() -> None:
    moment = datetime.fromisoformat("2026-11-23T15:30:00+05:30")
    assert moment_in_words(moment) == "Nov. 23, 2026, 10 a.m. UTC"
