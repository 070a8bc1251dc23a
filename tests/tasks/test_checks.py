"""The checks of the queue server, the workers, the tasks and the periodic work."""

from datetime import timedelta
from subprocess import Popen
from typing import Any

import pytest
from django.utils import timezone
from rq import Queue

from core.health import Status
from core.periodic import REGULAR
from tasks import checks
from tasks.models import Housekeeping, Task
from tasks.services.housekeeping import record_housekeeping
from tests.checks import hints_of, problems_of, status_of
from tests.members import make_member


def test_the_queue_server_as_it_should_be_is_ok(redis_queue: Queue) -> None:
    assert status_of("queue") is status_of("queue server") is Status.OK


def test_an_unavailable_queue_server_fails_and_its_workers_are_unknown(unreachable_queue: None) -> None:
    for name in ("queue", "queue server", "worker"):
        assert status_of(name) is Status.FAILING
    assert "rqworker" not in hints_of("worker")


def test_a_server_that_may_drop_jobs_fails_and_one_that_keeps_nothing_warns(redis_queue: Queue) -> None:
    server: Any = redis_queue.connection
    try:
        server.config_set("appendonly", "no")
        assert status_of("queue server") is Status.WARNING
        server.config_set("maxmemory", "100mb")
        server.config_set("maxmemory-policy", "allkeys-lru")
        assert status_of("queue server") is Status.FAILING
        assert "noeviction" in hints_of("queue server")
    finally:
        server.config_set("maxmemory", "0")
        server.config_set("maxmemory-policy", "noeviction")
        server.config_set("appendonly", "yes")


def test_a_server_that_accepts_no_more_jobs_fails(redis_queue: Queue) -> None:
    server: Any = redis_queue.connection
    try:
        server.config_set("maxmemory", "1")
        assert status_of("queue") is Status.FAILING
    finally:
        server.config_set("maxmemory", "0")


def test_without_a_worker_it_says_how_to_start_one(redis_queue: Queue) -> None:
    assert status_of("worker") is Status.FAILING
    assert "rqworker default" in hints_of("worker")


@pytest.mark.processes
def test_a_worker_that_is_older_than_the_code_is_reported(
    worker_process: "Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status_of("worker") is status_of("worker code") is Status.OK
    monkeypatch.setattr(checks, "newest_change", lambda _folder: timezone.now())
    assert status_of("worker code") is Status.WARNING


def test_tasks_that_are_stale_wait_or_fail_are_problems_each(db: None) -> None:
    member = make_member()
    long_ago = timezone.now() - timedelta(minutes=30)
    rows: list[dict[str, Any]] = [
        {"name": "example", "status": "running", "heartbeat_at": long_ago},
        {"name": "export_posts", "queued_at": long_ago},
        *[{"name": "export_posts", "status": "failed"}] * 3,
    ]
    for count, fields in enumerate(rows):
        assert len(problems_of("tasks")) == min(count, 2)
        Task.objects.create(user=member, **fields)
    assert len(problems_of("tasks")) == 3
    assert status_of("tasks") is Status.WARNING


def test_few_failures_among_many_successes_are_no_problem(db: None) -> None:
    member = make_member()
    Task.objects.bulk_create(Task(user=member, name="example", status="succeeded") for _ in range(20))
    Task.objects.bulk_create(Task(user=member, name="example", status="failed") for _ in range(4))
    assert status_of("tasks") is Status.OK
    Task.objects.bulk_create(Task(user=member, name="example", status="failed") for _ in range(4))
    assert status_of("tasks") is Status.WARNING


def test_housekeeping_that_is_late_or_fails_is_named(db: None) -> None:
    record_housekeeping(worker="w", errors={part.__name__: "" for part in REGULAR})
    assert status_of("housekeeping") is Status.OK
    Housekeeping.objects.filter(name="prune_tasks").update(at=timezone.now() - timedelta(hours=1))
    Housekeeping.objects.filter(name="archives_expire").update(error="OSError: the disk is on fire")
    late, failing = problems_of("housekeeping")
    assert "prune_tasks" in late
    assert "archives_expire" in failing
    assert "OSError: the disk is on fire" in failing
