"""A job longer than its time-out, whatever becomes of the time-out itself."""

from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import django_rq
import pytest
from django.conf import LazySettings
from django.test import Client
from rq import Queue
from rq.job import Job, JobStatus

from accounts.models import User
from tasks.models import Task, TaskStatus
from tasks.registry import RUN
from tests.faults.outcomes import assert_given_up, temporary_files
from tests.faults.pages import assert_another_succeeds, start_export, wait_for_end
from tests.mail_server import MailServer
from tests.members import signed_in_client

StartWorker = Callable[..., "Popen[bytes]"]
TOO_LONG = "It was stopped because it took longer than the limit of 1 minute."

pytestmark = pytest.mark.processes


@pytest.fixture
def client(susan: User) -> Client:
    return signed_in_client(susan)


def row(susan: User, seconds: float) -> Task:
    """Return a task whose job the test queues itself."""
    params = {"seconds": seconds}
    return Task.objects.create(user=susan, name="deaf", description="deaf", params=params)


def enqueue_deaf(queue: Queue, task: Task, *, timeout: int) -> Job:
    return queue.enqueue_call(RUN, args=[str(task.pk)], job_id=str(task.pk), timeout=timeout)


def rq_status(task: Task) -> JobStatus:
    return Job.fetch(str(task.pk), connection=django_rq.get_connection()).get_status()


def test_an_export_over_its_time_limit_fails_and_says_why(
    client: Client, start_worker: StartWorker, smtp_server: MailServer, settings: LazySettings, slow: Path
) -> None:
    settings.EXPORT_JOB_TIMEOUT = 1  # the job's time-out is set when it is enqueued
    start_worker(EXPORT_JOB_TIMEOUT="1", DJANGO_SETTINGS_MODULE="tests.faults.slow_settings")
    task = wait_for_end(start_export(client, "archive"))
    assert_given_up(task, smtp_server, error=TOO_LONG)
    assert (task.attempt, task.failures) == (1, 0)
    assert "JobTimeoutException" in task.traceback
    assert temporary_files() == []


def test_a_job_that_swallows_its_timeout_succeeds_when_it_is_done(
    susan: User, client: Client, start_worker: StartWorker, smtp_server: MailServer, redis_queue: Queue
) -> None:
    task = row(susan, 1.5)
    enqueue_deaf(redis_queue, task, timeout=1)
    start_worker(DJANGO_SETTINGS_MODULE="tests.faults.odd_settings")
    wait_for_end(task)
    assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 1, 0)
    assert_another_succeeds(client, "posts")


def test_a_job_a_minute_over_its_time_limit_is_killed_and_says_why(
    susan: User, client: Client, start_worker: StartWorker, smtp_server: MailServer, redis_queue: Queue
) -> None:
    task = row(susan, 600)
    # RQ looks every five seconds, and adds the minute to this.
    enqueue_deaf(redis_queue, task, timeout=-56)
    worker = start_worker(EXPORT_JOB_TIMEOUT="4", DJANGO_SETTINGS_MODULE="tests.faults.odd_settings")
    wait_for_end(task)
    task.refresh_from_db()
    assert (task.status, task.error) == (TaskStatus.FAILED, TOO_LONG)
    assert rq_status(task) == JobStatus.FAILED
    assert worker.poll() is None
    assert_another_succeeds(client, "posts")
