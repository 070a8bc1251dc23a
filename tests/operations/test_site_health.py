"""The figures that tell how the exports are doing."""

import subprocess
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rq import Queue

from accounts.models import User
from core.periodic import REGULAR
from exports.models import Archive, FailureEmail
from operations import site_health as health_module
from operations.site_health import (
    active_tasks,
    mails_to_send,
    outcomes_since,
    recent_pace,
    site_health,
    spread,
    storage_used,
)
from tasks.models import Housekeeping, Task
from tasks.queue.workers import living_workers
from tasks.services.housekeeping import housekeeping_done, housekeeping_note
from tasks.services.launch import task_launch
from tests.exports.archives import archive_of
from tests.members import make_member
from tests.waiting import wait_until


def ago(**length: float) -> datetime:
    return timezone.now() - timedelta(**length)


def make_task(**fields: Any) -> Task:
    return Task.objects.create(**{"user": make_member(), "name": "export_posts", "description": "", **fields})


def make_success(*, seconds: float, **fields: Any) -> Archive:
    """Return the archive of an export that waited two seconds, and took so many."""
    archive = archive_of(make_member(), b"{}", **fields)
    started = timezone.now() - timedelta(minutes=5)
    times = {"created_at": started - timedelta(seconds=2), "started_at": started}
    Task.objects.filter(pk=archive.task_id).update(**times, ended_at=started + timedelta(seconds=seconds))
    return archive


def test_active_tasks_are_told_by_name_with_the_one_that_waits_longest(db: None) -> None:
    oldest = ago(minutes=9)
    make_task(status="queued", queued_at=oldest)
    make_task(status="queued", queued_at=ago(minutes=1))
    make_task(status="queued", queued_at=ago(hours=2), due_at=timezone.now() + timedelta(minutes=1))
    make_task(status="running", heartbeat_at=timezone.now())
    make_task(status="running", heartbeat_at=ago(minutes=5))
    make_task(status="failed", queued_at=ago(days=9))
    make_task(name="export_archive", status="running", heartbeat_at=timezone.now())
    archive, posts = active_tasks()
    assert (archive.name, archive.queued, archive.running, archive.oldest_queued_at) == ("export_archive", 0, 1, None)
    assert (posts.queued, posts.put_off, posts.running, posts.silent) == (2, 1, 2, 1)
    assert posts.oldest_queued_at == oldest


def test_outcomes_are_those_of_exports_that_were_asked_for_since_then(db: None) -> None:
    for status in ("succeeded", "failed", "failed", "running"):
        make_task(status=status)
    make_task(status="cancelled", created_at=ago(hours=3))
    make_task(status="failed", name="example")
    found = outcomes_since(timezone.now() - timedelta(hours=1))
    assert found == {"queued": 0, "running": 1, "succeeded": 1, "failed": 2, "cancelled": 0}


def test_a_percentile_is_one_of_the_figures() -> None:
    hundred = spread(range(100, 0, -1))
    assert (hundred.count, hundred.p50, hundred.p95) == (100, 50, 95)
    assert (spread([7]).p50, spread([7]).p95) == (7, 7)
    assert (spread([]).count, spread([]).p50, spread([]).p95) == (0, None, None)


def test_the_pace_is_that_of_late_successes_of_either_kind(db: None) -> None:
    for seconds, kind in ((1, "export_posts"), (3, "export_archive"), (50, "export_posts")):
        make_success(seconds=seconds, task_name=kind, size=int(seconds) * 1000)
    old = make_success(seconds=900)
    Task.objects.filter(pk=old.task_id).update(created_at=ago(days=8))
    make_task(status="failed", started_at=ago(hours=1), ended_at=timezone.now())
    pace = recent_pace()
    assert (pace.duration.count, pace.duration.p50, pace.duration.p95) == (3, 3, 50)
    assert (pace.size.p50, pace.size.p95) == (3000, 50_000)
    assert pace.wait.p95 == 2


def test_the_pace_looks_at_no_more_than_a_sample(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "SAMPLE", 2)
    for seconds in (1, 2, 3):
        make_success(seconds=seconds)
    assert recent_pace().duration.count == 2


def test_mails_are_waiting_failing_or_overdue(db: None) -> None:
    for due_at, error in (
        (timezone.now(), ""),
        (timezone.now() + timedelta(minutes=5), "Connection refused"),
        (ago(minutes=10), ""),
        (None, "refused"),
    ):
        archive_of(make_member(), b"{}", mail_due_at=due_at, mail_error=error)
    mails = mails_to_send()
    assert (mails.waiting, mails.failing, mails.overdue) == (3, 1, 1)


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"mail_due_at": ago(minutes=10)}, {"waiting", "overdue"}),
        ({"mail_due_at": ago(seconds=1), "mail_error": "Connection refused"}, {"waiting", "failing"}),
        ({"mail_due_at": ago(seconds=1), "mail_error": "site-refused"}, {"waiting", "failing", "site_refused"}),
        ({"mail_error": "site-refused"}, {"given_up"}),
        ({"mail_error": "message-refused"}, {"given_up"}),
        ({"mail_error": "Connection refused"}, {"given_up"}),
        ({"mail_error": "refused"}, {"returned"}),
        ({"mail_event": "bounced"}, {"returned"}),
        ({"mail_event": "rejected"}, {"returned"}),
        ({"mail_event": "delivered"}, set()),
        ({"mail_error": "no-address"}, set()),
        ({"mail_error": "account-closed"}, set()),
        ({}, set()),
    ],
)
@pytest.mark.parametrize("is_failure", [False, True])
def test_an_email_with_a_file_counts_as_one_about_a_failure_does(
    db: None, fields: dict[str, Any], counted: set[str], is_failure: bool
) -> None:
    if is_failure:
        FailureEmail.objects.create(task=make_task(status="failed", ended_at=timezone.now()), **fields)
    else:
        archive_of(make_member(), b"{}", **fields)
    assert {name for name, count in asdict(mails_to_send()).items() if count} == counted


def test_what_was_given_up_long_ago_is_counted_no_more(db: None) -> None:
    old = ago(days=8)
    FailureEmail.objects.create(task=make_task(status="failed", ended_at=old), mail_error="refused")
    archive_of(make_member(), b"{}", mail_error="Connection refused", created_at=old)
    assert not any(asdict(mails_to_send()).values())


def test_the_storage_holds_what_has_its_file_still(db: None) -> None:
    for content in (b"12345", b"678"):
        archive_of(make_member(), content)
    gone = archive_of(make_member(), b"gone")
    Archive.objects.filter(pk=gone.pk).update(file="")
    stored = storage_used()
    assert (stored.files, stored.bytes) == (2, 8)
    assert stored.free > 0


def test_an_empty_site_has_figures_too(db: None, redis_queue: Queue) -> None:
    health = site_health(since=timezone.now())
    assert (health.lines, health.oldest_queued_age, health.last_housekeeping) == ([], None, None)
    assert (health.stored.files, health.stored.bytes, health.mails.waiting) == (0, 0, 0)
    assert health.workers == []


def test_the_queue_is_told_by_the_rows_and_by_the_queue_server(susan: User, queue: Queue) -> None:
    task_launch(user=susan, name="export_posts")
    health = site_health(since=timezone.now())
    assert health.oldest_queued_age is not None
    assert timedelta(0) <= health.oldest_queued_age < timedelta(minutes=1)
    assert health.queue_lengths is not None
    assert health.queue_lengths["default"] == 1


def test_with_the_queue_server_away_the_rest_is_told(susan: User, unreachable_queue: None) -> None:
    make_task(status="queued")
    health = site_health(since=timezone.now())
    assert (health.workers, health.queue_lengths) == (None, None)
    assert [line.queued for line in health.lines] == [1]


def test_a_worker_is_told_with_its_host_and_what_it_is_at(
    susan: User, queue: Queue, worker_factory: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    process = worker_factory()
    [worker] = living_workers()
    assert (worker.pid, worker.job_id, worker.queues[0]) == (process.pid, "", "default")
    assert worker.hostname
    assert worker.since is not None
    task = task_launch(user=susan, name="example", params={"seconds": 2})
    wait_until(lambda: [found.job_id for found in living_workers()] == [str(task.pk)], what="The worker at its job")


def test_housekeeping_is_remembered_by_part(susan: User, work: Callable[[], None]) -> None:
    work()
    done = housekeeping_done()
    assert {part.name for part in done} == {part.__name__ for part in REGULAR}
    assert all(part.worker and not part.error for part in done)


def test_the_latest_word_on_a_part_counts_and_a_part_of_another_release_does_not(db: None) -> None:
    housekeeping_note(worker="w1", errors={"archives_expire": "OSError", "former_part": ""})
    housekeeping_note(worker="w2", errors={"archives_expire": ""})
    assert Housekeeping.objects.count() == 2
    [part] = housekeeping_done()
    assert (part.name, part.worker, part.error) == ("archives_expire", "w2", "")


def test_the_figures_cost_as_many_queries_for_more_rows(db: None, settings: LazySettings, redis_queue: Queue) -> None:
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            site_health(since=timezone.now() - timedelta(days=1))
        return len(queries)

    make_success(seconds=1)
    with_few = count_queries()
    for _ in range(10):
        make_success(seconds=1, mail_due_at=timezone.now())
        make_task(status="queued")
    assert count_queries() == with_few
