"""The jobs, run by a worker from a real queue."""

import errno
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO

import django_rq
import pytest
from django.conf import LazySettings
from django.core import mail
from django.utils.timezone import now
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rq import Queue
from rq.job import Job
from rq.timeouts import JobTimeoutException

from accounts.models import User
from exports.building.snapshot import posts_batches
from exports.export_job import ExportJob
from exports.jobs import PostsExport
from exports.models import Archive
from posts.models import Post
from tasks import runner
from tasks.job import Result
from tasks.models import Task, TaskStatus
from tasks.registry import RUN
from tasks.services.heartbeat import Heartbeat
from tasks.services.launch import task_launch
from tasks.services.transitions import task_cancel, task_claim, task_requeue
from tests.job_doubles import replace_run
from tests.waiting import wait_until

Work = Callable[[], None]


def rows_of(user: User) -> list[tuple[str, str]]:
    batches = posts_batches(user.pk)
    return [row for batch in batches for row in zip(batch.bodies, batch.timestamps, strict=True)]


def launched(user: User, name: str = "export_posts", **params: int) -> Task:
    return task_launch(user=user, name=name, params=params)


def test_an_export_ends_in_an_archive_of_exactly_the_members_posts(exported: Archive, john: User) -> None:
    Post.objects.create(author=john, body="not susan's")
    with exported.file.open("rb") as file:
        assert json.load(file) == {
            "posts": [
                {"body": "susan 0", "timestamp": "2026-01-01T12:00:00Z"},
                {"body": "susan 1", "timestamp": "2026-01-01T12:01:00Z"},
                {"body": "susan 2", "timestamp": "2026-01-01T12:02:00Z"},
            ]
        }
    assert (exported.posts, exported.size) == (3, exported.file.size)
    assert exported.task.status == TaskStatus.SUCCEEDED


def test_a_member_without_posts_gets_an_empty_list(john: User, work: Work) -> None:
    task = launched(john)
    work()
    with Archive.objects.get(task=task).file.open("rb") as file:
        assert json.load(file) == {"posts": []}


def test_times_are_in_utc_whatever_their_offset_was_and_ties_keep_their_order(susan: User, work: Work) -> None:
    susan.posts.all().delete()
    india = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 11, 23, 15, 30, tzinfo=india)
    for body in ("first", "second"):
        Post.objects.create(author=susan, body=body, timestamp=moment)
    Post.objects.create(author=susan, body="with a fraction", timestamp=moment + timedelta(microseconds=250))
    assert rows_of(susan) == [
        ("first", "2026-11-23T10:00:00Z"),
        ("second", "2026-11-23T10:00:00Z"),
        ("with a fraction", "2026-11-23T10:00:00.000250Z"),
    ]


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_the_database_writes_times_as_python_would(susan: User, moment: datetime) -> None:
    susan.posts.all().delete()
    Post.objects.create(author=susan, body="x", timestamp=moment)
    [(_body, text)] = rows_of(susan)
    assert text == moment.isoformat().replace("+00:00", "Z")


def test_the_mail_goes_out_after_the_archive_is_safe(exported: Archive) -> None:
    assert [message.to for message in mail.outbox] == [["susan@example.com"]]
    exported.refresh_from_db()
    assert exported.mailed_at
    assert exported.mailed_at > exported.created_at


def test_a_job_that_is_queued_twice_runs_once(susan: User, queue: Queue, work: Work) -> None:
    task = launched(susan)
    queue.enqueue_call(RUN, args=[str(task.pk)])
    work()
    assert Archive.objects.count() == 1
    assert len(mail.outbox) == 1


def test_a_job_without_a_row_does_nothing(transactional_db: None, queue: Queue, work: Work) -> None:
    job = queue.enqueue_call(RUN, args=["00000000-0000-0000-0000-000000000000"])
    work()
    assert job.get_status() == "finished"
    assert not Archive.objects.exists()


def broken(_job: ExportJob) -> None:
    raise OSError("the disk is on fire")


def make_due(task: Task) -> None:
    Task.objects.filter(pk=task.pk).update(run_after=now())


def test_an_error_that_quotes_what_no_database_takes_fails_the_attempt_as_others_do(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_job: ExportJob) -> None:
        raise RuntimeError("a \x00 and a \ud800")

    replace_run(monkeypatch, fail)
    task = launched(susan)
    work()
    task.refresh_from_db()
    assert (task.status, task.failures) == (TaskStatus.QUEUED, 1)
    assert "RuntimeError: a ? and a ?" in task.traceback


def test_an_error_is_retried_after_pauses_that_grow(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    replace_run(monkeypatch, broken)
    task = launched(susan)
    for pause in (10, 60):
        started = now()
        work()
        task.refresh_from_db()
        assert task.status == TaskStatus.QUEUED
        assert task.run_after
        assert pause <= (task.run_after - started).total_seconds() < pause + 10
        assert "the disk is on fire" in task.traceback
        make_due(task)
    levels = [record.levelname for record in caplog.records if record.name == "tasks.runner"]
    assert levels == ["INFO", "WARNING"] * 2  # each attempt begins, and fails


def test_the_last_error_fails_the_task_with_words_for_the_member_and_a_traceback_for_staff(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    replace_run(monkeypatch, broken)
    task = launched(susan)
    Task.objects.update(failures=2)
    work()
    task.refresh_from_db()
    assert (task.status, task.progress, task.failures) == (TaskStatus.FAILED, 0, 3)
    assert "wrong on our side" in task.error
    assert "fire" not in task.error
    assert "the disk is on fire" in task.traceback
    [_begins, logged] = [record for record in caplog.records if record.name == "tasks.runner"]
    assert logged.exc_info
    assert logged.levelname == "ERROR"  # of which the administrators are mailed
    assert Job.fetch(str(task.pk), connection=django_rq.get_connection()).is_failed
    assert task_launch(user=susan, name="export_posts").status == TaskStatus.QUEUED


def test_an_error_that_passes_costs_the_member_nothing(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        replace_run(patch, broken)
        task = launched(susan)
        work()
    make_due(task)
    work()  # reconciles first
    task.refresh_from_db()
    assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 2, 1)
    assert len(mail.outbox) == 1


def test_a_full_disk_fails_at_once(susan: User, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("exports.jobs.write_posts", full)
    task = launched(susan)
    work()
    task.refresh_from_db()
    assert task.status == TaskStatus.FAILED
    assert "enough disk space" in task.error


def test_a_time_out_is_distinguished_from_a_failure(susan: User, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_job: ExportJob) -> None:
        raise JobTimeoutException("Task exceeded maximum timeout value (3600 seconds)")

    replace_run(monkeypatch, slow)
    task = launched(susan)
    work()
    task.refresh_from_db()
    assert task.error == "It was stopped because it took longer than the limit of 60 minutes."


def test_a_cancelled_job_stops_at_its_next_heartbeat_and_leaves_nothing(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.EXPORT_PROGRESS_INTERVAL = 0.02

    def cancelled_on_the_way(job: ExportJob) -> None:
        task_cancel(job.task)
        assert isinstance(job.reporter, Heartbeat)
        job.reporter._lost.wait(10)
        job.progress(1)
        raise AssertionError("advance() must have raised")

    replace_run(monkeypatch, cancelled_on_the_way)
    task = launched(susan)
    work()
    task.refresh_from_db()
    assert task.status == TaskStatus.CANCELLED
    assert not Archive.objects.exists()
    assert Job.fetch(str(task.pk), connection=django_rq.get_connection()).is_finished


def test_an_attempt_that_lost_its_task_keeps_no_file_and_sends_no_mail(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    def given_away(job: ExportJob) -> Result:
        task_requeue(Task.objects.claimed_as(job.task), job.task)
        task_claim(task_id=str(job.task.pk), worker="another")
        return PostsExport.run(job)

    replace_run(monkeypatch, given_away)
    task = launched(susan)
    work()
    task.refresh_from_db()
    assert (task.status, task.worker) == (TaskStatus.RUNNING, "another")
    assert not Archive.objects.exists()
    assert mail.outbox == []
    stored = settings.VAR_DIR / "exports"
    assert not [path for path in stored.rglob(f"{task.pk}*/*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "params"), [("export_as_punched_cards", {}), ("example", {}), ("example", {"seconds": "x"})]
)
def test_a_task_that_this_code_cannot_run_fails_at_once_with_its_own_reason(
    susan: User, queue: Queue, work: Work, name: str, params: dict[str, str]
) -> None:
    task = Task.objects.create(user=susan, name=name, params=params)
    queue.enqueue_call(RUN, args=[str(task.pk)], job_id=str(task.pk))
    work()
    task.refresh_from_db()
    assert (task.status, task.error_code, task.failures) == (TaskStatus.FAILED, "no_longer_offered", 0)


@pytest.mark.parametrize("error", [ValueError("no"), JobTimeoutException("too long")])
def test_an_error_in_what_follows_a_success_is_logged_and_takes_nothing_back(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(_job: ExportJob, _result: Result) -> None:
        raise error

    monkeypatch.setattr(PostsExport, "after_commit", fail)
    task = launched(susan)
    work()
    task.refresh_from_db()
    assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 1, 0)
    assert Archive.objects.filter(task=task).exclude(file="").exists()
    [logged] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.name == "tasks.runner"
    assert logged.exc_info
    assert logged.exc_info[1] is error
    assert Job.fetch(str(task.pk), connection=django_rq.get_connection()).is_failed


def test_time_that_runs_out_right_after_the_commit_costs_no_archive(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = runner._succeed

    def saved_too_late(*args: Any, **kwargs: Any) -> None:
        save(*args, **kwargs)
        raise JobTimeoutException("Task exceeded maximum timeout value (3600 seconds)")

    monkeypatch.setattr(runner, "_succeed", saved_too_late)
    task = launched(susan)
    work()
    task.refresh_from_db()
    assert task.status == TaskStatus.SUCCEEDED
    with Archive.objects.get(task=task).file.open("rb") as file:
        assert len(json.load(file)["posts"]) == 3


def test_the_heartbeat_writes_progress_while_the_job_works(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.EXPORT_PROGRESS_INTERVAL = 0.02
    seen: list[tuple[int, object]] = []

    def half(job: ExportJob) -> None:
        job.progress(5, 10)
        pk, rq_job = job.task.pk, Job.fetch(str(job.task.pk), connection=django_rq.get_connection())
        wait_until(lambda: Task.objects.get(pk=pk).progress and "progress" in rq_job.get_meta())
        seen.append((Task.objects.get(pk=pk).progress, rq_job.get_meta()["progress"]))

    replace_run(monkeypatch, half)
    launched(susan)
    work()
    assert seen == [(50, 50)]


def test_no_temporary_file_is_left_by_a_success(exported: Archive, settings: LazySettings) -> None:
    assert list((settings.VAR_DIR / "tmp").iterdir()) == []


def test_no_temporary_file_is_left_by_a_failure(
    susan: User, work: Work, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    def half(_batches: object, output: BinaryIO, *_others: object) -> int:
        output.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("exports.jobs.write_posts", half)
    task = launched(susan)
    Task.objects.update(failures=2)
    work()
    task.refresh_from_db()
    assert task.status == TaskStatus.FAILED
    assert list((settings.VAR_DIR / "tmp").iterdir()) == []


def test_the_file_is_private_to_the_user_who_runs_the_site(exported: Archive) -> None:
    path = Path(exported.file.path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_example_counts_its_seconds(susan: User, work: Work) -> None:
    task = launched(susan, "example", seconds=1)
    work()
    task.refresh_from_db()
    assert (task.status, task.progress, task.done) == (TaskStatus.SUCCEEDED, 100, 1)


def test_the_example_of_an_unknown_task_does_nothing(transactional_db: None, queue: Queue, work: Work) -> None:
    job = queue.enqueue_call(RUN, args=["00000000-0000-0000-0000-000000000000"])
    work()
    assert job.get_status() == "finished"
