"""The figures of tasks and workers."""

import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rq import Queue

from accounts.models import User
from core.periodic import REGULAR
from tasks.models import Housekeeping, Task
from tasks.queue.workers import living_workers
from tasks.services import figures
from tasks.services.figures import active_tasks, outcomes, percentile, recent_pace
from tasks.services.housekeeping import housekeeping_done, record_housekeeping
from tasks.services.launch import task_launch
from tests.members import make_member
from tests.waiting import wait_until


def ago(**length: float) -> datetime:
    return timezone.now() - timedelta(**length)


def make_task(**fields: Any) -> Task:
    return Task.objects.create(**{"user": make_member(), "name": "export_posts", "description": "", **fields})


def test_active_tasks_are_counted_by_name_with_the_longest_wait(db: None) -> None:
    oldest = ago(minutes=9)
    make_task(status="queued", queued_at=oldest)
    make_task(status="queued", queued_at=ago(minutes=1))
    make_task(status="queued", queued_at=ago(hours=2), run_after=timezone.now() + timedelta(minutes=1))
    make_task(status="running", heartbeat_at=timezone.now())
    make_task(status="running", heartbeat_at=ago(minutes=5))
    make_task(status="failed", queued_at=ago(days=9))
    make_task(name="export_archive", status="running", heartbeat_at=timezone.now())
    archive, posts = active_tasks()
    assert (archive.name, archive.queued, archive.running, archive.oldest_queued_at) == ("export_archive", 0, 1, None)
    assert (posts.queued, posts.deferred, posts.running, posts.stale) == (2, 1, 2, 1)
    assert posts.oldest_queued_at == oldest


def test_outcomes_are_those_of_tasks_created_since_then(db: None) -> None:
    for status in ("succeeded", "failed", "failed", "running"):
        make_task(status=status)
    make_task(status="cancelled", created_at=ago(hours=3))
    found = outcomes(since=ago(hours=1))
    assert found == {"queued": 0, "running": 1, "succeeded": 1, "failed": 2, "cancelled": 0}


def test_a_percentile_is_one_of_the_figures() -> None:
    assert (percentile(range(100, 0, -1), 0.50), percentile(range(100, 0, -1), 0.95)) == (50, 95)
    assert percentile([7], 0.95) == 7


def make_success(name: str, *, seconds: float, **fields: Any) -> Task:
    """Return a task that waited two seconds, and took so many."""
    started = ago(minutes=5)
    times = {"created_at": started - timedelta(seconds=2), "started_at": started}
    return make_task(name=name, status="succeeded", ended_at=started + timedelta(seconds=seconds), **times | fields)


def test_the_pace_is_that_of_recent_successes_by_job(db: None) -> None:
    for seconds, name in ((1, "export_posts"), (3, "export_archive"), (50, "export_posts"), (9, "export_posts")):
        make_success(name, seconds=seconds)
    make_success("export_posts", seconds=900, created_at=ago(days=8))
    make_task(status="failed", started_at=ago(hours=1), ended_at=timezone.now())
    posts, archive = sorted(recent_pace(), key=lambda pace: -pace.count)
    assert (posts.name, posts.count, posts.duration_p50, posts.duration_p95, posts.wait_p95) == (
        "export_posts", 3, 9, 50, 2,
    )  # fmt: skip
    assert (archive.name, archive.count, archive.duration_p50) == ("export_archive", 1, 3)


def test_the_pace_is_that_of_a_sample(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "SAMPLE_SIZE", 2)
    for seconds in (1, 2, 3):
        make_success("example", seconds=seconds)
    [pace] = recent_pace()
    assert pace.count == 2


def test_an_empty_site_has_figures_too(db: None) -> None:
    assert (active_tasks(), recent_pace()) == ([], [])
    assert set(outcomes(since=ago(hours=1)).values()) == {0}


def test_a_worker_is_listed_with_its_host_and_current_job(
    susan: User, queue: Queue, worker_factory: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    process = worker_factory()
    [worker] = living_workers()
    assert (worker.pid, worker.job_id, worker.queue_names()[0]) == (process.pid, "", "default")
    assert worker.hostname
    assert worker.birth_date is not None
    task = task_launch(user=susan, name="example", params={"seconds": 2})
    wait_until(lambda: [found.job_id for found in living_workers()] == [str(task.pk)], what="The worker at its job")


def test_housekeeping_is_remembered_by_part(susan: User, work: Callable[[], None]) -> None:
    work()
    done = housekeeping_done()
    assert {part.name for part in done} == {part.__name__ for part in REGULAR}
    assert all(part.worker and not part.error for part in done)


def test_the_latest_word_on_a_part_counts_and_a_part_of_another_release_does_not(db: None) -> None:
    record_housekeeping(worker="w1", errors={"archives_expire": "OSError", "former_part": ""})
    record_housekeeping(worker="w2", errors={"archives_expire": ""})
    assert Housekeeping.objects.count() == 2
    [part] = housekeeping_done()
    assert (part.name, part.worker, part.error) == ("archives_expire", "w2", "")
