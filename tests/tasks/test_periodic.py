"""Cleanup by age: tasks, notifications, sessions and rate limits, each at its boundary, in limited batches."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from rq import Queue

from accounts.models import Session, User
from accounts.periodic import prune_rate_limits, prune_sessions
from core import bulk_delete as bulk_delete_module
from core.bulk_delete import bulk_delete
from core.periodic import REGULAR
from exports.models import Archive
from notifications.models import Notification
from notifications.periodic import MICROSECONDS_A_DAY, prune_notifications
from tasks import worker as worker_module
from tasks.models import Task
from tasks.periodic import prune_tasks
from tasks.queue.client import FAILURE_TTL_SECONDS
from tasks.services.launch import task_launch
from tasks.services.payloads import task_publish
from tests.exports.test_expiry import keep
from tests.members import make_member, signed_in_client

MINUTE = timedelta(minutes=1)


def ended(user: User, age: timedelta, status: str = "failed") -> Task:
    """Return a task that has been over for so long."""
    ended_at = timezone.now() - age
    return Task.objects.create(user=user, name="export_posts", status=status, created_at=ended_at, ended_at=ended_at)


def remembered() -> set[object]:
    return set(Task.objects.values_list("pk", flat=True))


@pytest.fixture
def days(settings: LazySettings) -> timedelta:
    """Return for how long tasks are kept."""
    settings.EXPORT_TASK_RETENTION_DAYS = 90
    return timedelta(days=90)


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_task_is_kept_for_its_days_and_no_minute_longer(susan: User, days: timedelta, status: str) -> None:
    _old, young = ended(susan, days + MINUTE, status), ended(susan, days - MINUTE, status)
    assert prune_tasks() == 1
    assert remembered() == {young.pk}
    assert prune_tasks() == 0


def test_a_task_that_is_not_over_stays_however_old_it_is(susan: User, days: timedelta) -> None:
    active = [ended(susan, 2 * days, "queued"), ended(make_member(), 2 * days, "running")]
    assert prune_tasks() == 0
    assert remembered() == {task.pk for task in active}


def test_the_archives_row_and_the_alert_go_with_the_task_and_no_other(susan: User, john: User, days: timedelta) -> None:
    old, other = keep(susan).task, ended(john, MINUTE)
    for task in (old, other):
        task_publish(task)
    Task.objects.filter(pk=old.pk).update(ended_at=timezone.now() - days - MINUTE)
    Archive.objects.update(file="")
    assert prune_tasks() == 1
    assert not Archive.objects.exists()
    assert list(Notification.objects.values_list("key", flat=True)) == [str(other.pk)]


def test_a_task_whose_file_is_kept_or_whose_mail_is_due_stays(susan: User, days: timedelta) -> None:
    with_file, with_mail = keep(susan), keep(susan)
    Task.objects.update(ended_at=timezone.now() - days - MINUTE)
    Archive.objects.filter(pk=with_mail.pk).update(file="", mail_due_at=timezone.now())
    assert prune_tasks() == 0
    Archive.objects.filter(pk=with_mail.pk).update(mail_due_at=None)
    assert prune_tasks() == 1
    assert remembered() == {with_file.task_id}


def test_a_cooldown_longer_than_the_retention_is_kept(susan: User, days: timedelta, settings: LazySettings) -> None:
    settings.EXPORT_COOLDOWN = (2 * days).total_seconds()
    ended(susan, days + MINUTE, "succeeded")
    assert prune_tasks() == 0


def test_the_pages_know_nothing_of_a_task_that_is_forgotten(susan: User, days: timedelta) -> None:
    task = ended(susan, days + MINUTE)
    task_publish(task)
    client = signed_in_client(susan)
    assert str(task.pk) in client.get("/").content.decode()
    prune_tasks()
    assert str(task.pk) not in client.get("/").content.decode()
    assert client.get("/exports/").status_code == 200
    assert client.get(f"/exports/{task.pk}/download/").status_code == 404


def test_very_many_rows_go_in_small_transactions_and_not_all_at_once(
    susan: User, days: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_delete_module, "BATCH_SIZE", 2)
    for number in range(5):
        ended(susan, days + number * MINUTE + MINUTE)
    rows = Task.objects.filter(user=susan)
    sizes: list[int] = []
    assert bulk_delete(rows, with_each=lambda pks: sizes.append(len(pks)), at_most=3) == 3
    assert sizes == [2, 1]
    assert prune_tasks() == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time")
def test_a_row_that_another_worker_deletes_just_now_is_left_to_it(susan: User, days: timedelta) -> None:
    locked, free = ended(susan, days + MINUTE), ended(susan, days + MINUTE)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM exports_task WHERE id = %s FOR UPDATE", [locked.pk])
            assert prune_tasks() == 1
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert remembered() == {locked.pk}
    assert free.pk not in remembered()


def test_a_dismissed_notification_is_kept_for_its_days_and_one_that_is_shown_for_ever(
    susan: User, settings: LazySettings
) -> None:
    settings.NOTIFICATION_RETENTION_DAYS = 30
    before = time.time_ns() // 1000 - 30 * MICROSECONDS_A_DAY
    minute = 60_000_000
    for key, cursor, dismissed in [
        ("old", before - minute, True),
        ("young", before + minute, True),
        ("shown", before - minute, False),
    ]:
        Notification.objects.create(user=susan, name="news", key=key, data={}, cursor=cursor, dismissed=dismissed)
    assert prune_notifications() == 1
    assert set(Notification.objects.values_list("key", flat=True)) == {"young", "shown"}


def test_an_expired_session_goes_and_a_valid_one_stays_signed_in(susan: User, john: User) -> None:
    old, valid = signed_in_client(susan), signed_in_client(john)
    Session.objects.filter(user=susan).update(expire_date=timezone.now() - MINUTE)
    Session.objects.filter(user=john).update(expire_date=timezone.now() + MINUTE)
    assert prune_sessions() == 1
    assert valid.get("/exports/").status_code == 200
    assert old.get("/exports/").status_code == 302


def test_rate_limits_go_when_they_are_over_and_not_before(transactional_db: None) -> None:
    for number in range(5):
        cache.set(f"over{number}", 1, timeout=-60)
    cache.set("counts", 1, timeout=60)
    assert prune_rate_limits() == 5
    assert cache.get("counts") == 1


def test_a_worker_prunes_as_it_starts(susan: User, work: Callable[[], None], days: timedelta) -> None:
    ended(susan, days + MINUTE)
    signed_in_client(susan)
    Session.objects.update(expire_date=timezone.now() - MINUTE)
    cache.set("over", 1, timeout=-60)
    long_ago = {"user": susan, "name": "news", "data": {}, "cursor": 1, "dismissed": True}
    Notification.objects.create(**long_ago)
    work()
    assert not Task.objects.exists()
    assert not Session.objects.exists()
    assert not Notification.objects.exists()
    assert prune_rate_limits() == 0


def test_one_part_that_fails_hinders_no_other(
    susan: User, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def prune_tasks() -> int:
        raise RuntimeError("the database is on fire")

    monkeypatch.setattr(worker_module, "REGULAR", (prune_tasks, *REGULAR))
    signed_in_client(susan)
    Session.objects.update(expire_date=timezone.now() - MINUTE)
    work()
    assert "the database is on fire" in caplog.text
    assert not Session.objects.exists()


def test_the_queues_own_record_of_a_failure_lasts_a_week(susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_posts")
    job = queue.fetch_job(str(task.pk))
    assert job is not None
    assert job.failure_ttl == FAILURE_TTL_SECONDS == 7 * 24 * 3600
