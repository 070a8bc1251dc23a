"""Jobs and rows that do not fit together, and hands that reach into the queue."""

from collections.abc import Callable
from subprocess import Popen
from typing import Any
from uuid import uuid4

import django_rq
import pytest
from django.test import Client
from django.urls import reverse
from rq import Queue
from rq.command import send_stop_job_command
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry

from accounts.models import User
from exports.models import Archive
from tasks.models import Task, TaskStatus
from tasks.queue.client import task_enqueue
from tasks.services.launch import task_launch
from tests.faults.conftest import PATIENT
from tests.faults.horses import horse_of, kill, runs, stop
from tests.faults.many_posts import tasks_held, write_many_posts
from tests.faults.outcomes import assert_exported, mails_of
from tests.faults.pages import assert_another_succeeds, start_export, wait_for_end
from tests.mail_server import MailServer
from tests.members import make_member, signed_in_client
from tests.waiting import wait_until

Worker = Popen[bytes]
StartWorker = Callable[..., Worker]

pytestmark = pytest.mark.processes


@pytest.fixture
def client(susan: User) -> Client:
    return signed_in_client(susan)


def job_of(task: Task) -> Job:
    return Job.fetch(str(task.pk), connection=django_rq.get_connection())


@pytest.fixture
def start_idle_worker(start_worker: StartWorker, redis_queue: Queue) -> StartWorker:
    """Start a worker, and wait until it does nothing but wait for a job (the server's flag "b")."""

    def is_waiting() -> bool:
        return any("b" in client["flags"] for client in redis_queue.connection.client_list())

    def start() -> Worker:
        worker = start_worker(EXPORT_RECONCILE_INTERVAL="600", EXPORT_HOUSEKEEPING_INTERVAL="600")
        wait_until(is_waiting, what="An idle worker")
        return worker

    return start


def test_jobs_without_a_row_do_nothing(
    client: Client, start_worker: StartWorker, smtp_server: MailServer, redis_queue: Queue
) -> None:
    for function in ("export_posts", "export_archive", "example"):
        redis_queue.enqueue_call(f"exports.jobs.{function}", args=["1"], job_id=str(uuid4()))
        redis_queue.enqueue_call(f"exports.jobs.{function}", args=[str(uuid4())])
    redis_queue.enqueue_call("exports.jobs.deliver_archive", args=[-1])
    redis_queue.enqueue_call("exports.jobs.a_function_of_another_version", args=[str(uuid4())])
    worker = start_worker()
    task = start_export(client)
    assert_exported(task, smtp_server, attempt=1, failures=0)
    assert Archive.objects.count() == len(smtp_server.messages) == 1
    assert worker.poll() is None


def test_a_job_queued_twice_runs_once(
    susan: User, client: Client, start_worker: StartWorker, smtp_server: MailServer, redis_queue: Queue
) -> None:
    """Under its own id, and under another."""
    write_many_posts(susan)
    start_worker(**PATIENT)
    start_worker(**PATIENT)
    task = start_export(client, "archive")
    redis_queue.enqueue_call("exports.jobs.export_archive", args=[str(task.pk)])
    task_enqueue(task)
    assert_exported(task, smtp_server, attempt=1, failures=0)
    wait_until(lambda: not redis_queue.job_ids, what="The other jobs")
    assert len(mails_of(task, smtp_server)) == 1
    assert_another_succeeds(client, "archive")


def test_a_task_from_another_version_fails_with_a_reason(
    susan: User, client: Client, start_worker: StartWorker, smtp_server: MailServer, redis_queue: Queue
) -> None:
    task = Task.objects.create(user=susan, name="export_as_punched_cards", description="Punching...")
    redis_queue.enqueue_call("exports.jobs.export_as_punched_cards", args=[str(task.pk)], job_id=str(task.pk))
    start_worker()
    wait_for_end(task)
    assert task.error == "This is no longer available."
    assert task.error in client.get("/").content.decode()
    assert_another_succeeds(client)


def test_a_job_stopped_by_rqs_command_is_retried(
    susan: User, client: Client, start_worker: StartWorker, smtp_server: MailServer
) -> None:
    """A member's export is cancelled on the site; the queue alone cannot take it away."""
    write_many_posts(susan)
    start_worker()
    task = start_export(client, "archive")
    runs(task)
    send_stop_job_command(django_rq.get_connection(), str(task.pk))
    assert_exported(task, smtp_server, attempt=2, failures=1)


def test_the_dashboards_cleanup_harms_no_task(susan: User, start_worker: StartWorker, redis_queue: Queue) -> None:
    """RQ fails jobs there whose worker it has not heard of for a while."""
    start_worker()
    task = task_launch(user=susan, name="example", params={"seconds": 3})
    runs(task)
    registry = StartedJobRegistry(queue=redis_queue)
    entries: Any = redis_queue.connection.zrange(registry.key, 0, -1)
    for entry in entries:
        redis_queue.connection.zadd(registry.key, {entry: 1})
    staff = signed_in_client(make_member("staff", is_staff=True, is_superuser=True))
    assert staff.get(reverse("admin:django_rq_dashboard_changelist")).status_code == 200
    assert job_of(task).get_status() == JobStatus.FAILED
    wait_for_end(task)
    assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 1, 0)


def test_a_worker_killed_between_dequeueing_and_running_loses_nothing(
    client: Client,
    start_worker: StartWorker,
    start_idle_worker: StartWorker,
    smtp_server: MailServer,
    redis_queue: Queue,
) -> None:
    """The server gives the job to one that waits, and can no longer take it (BLPOP)."""
    worker = start_idle_worker()
    stop(worker.pid)
    task = start_export(client)
    wait_until(lambda: not redis_queue.job_ids, what="The taking of the job")
    kill(worker.pid)
    start_worker()
    assert_exported(task, smtp_server, attempt=1, failures=0)


def test_a_worker_killed_before_the_claim_loses_nothing(
    susan: User, start_worker: StartWorker, start_idle_worker: StartWorker, smtp_server: MailServer
) -> None:
    task = Task.objects.create(user=susan, name="export_posts", description="Exporting posts...")
    worker = start_idle_worker()
    with tasks_held():
        task_enqueue(task)
        wait_until(lambda: job_of(task).get_status() == JobStatus.STARTED, what="The start of the job")
        kill(worker.pid, horse_of(worker))
    start_worker()
    assert_exported(task, smtp_server, attempt=1, failures=0)
