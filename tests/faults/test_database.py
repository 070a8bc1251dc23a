"""Faults of the database: workers and pages go on by themselves when it is back, and no task is stuck."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from rq import Queue

from accounts.models import User
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tests.bucket import CREDENTIALS, Bucket
from tests.faults.buckets import FaultyBucket
from tests.faults.databases import crash, default_database, locked_table
from tests.faults.outcomes import assert_exported, stored_files, temporary_files
from tests.faults.pages import assert_another_succeeds, exports_page, news_of, start_export, wait_for_end, wait_for_mail
from tests.mail_server import MailServer, free_port
from tests.members import make_member, signed_in_client
from tests.postgresql import Cluster, PostgresUnavailableError
from tests.programs import cannot_run
from tests.waiting import wait_until
from tests.workers import child_environment, stop_process

Worker = Popen[bytes]
StartWorker = Callable[..., Worker]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Cluster]:
    try:
        cluster = Cluster(may_crash=True)
    except PostgresUnavailableError as error:
        cannot_run(str(error))
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster(start: StartWorker, postgresql: Cluster) -> Iterator[Cluster]:
    """Return a PostgreSQL that may be taken down; meanwhile it has this process's database, and its workers'."""
    with default_database(postgresql.url):
        yield postgresql
    postgresql.start()  # if a test that failed left it down


@pytest.fixture
def client(cluster: Cluster) -> Client:
    member = make_member()
    member.posts.create(body="All that I wrote")
    return signed_in_client(member)


@pytest.fixture
def start(start_worker: StartWorker) -> StartWorker:
    """Start a worker that soon tries again what failed."""
    return lambda **variables: start_worker(**{"EXPORT_RETRY_PAUSES": "0.1"} | variables)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return where the workers write to."""
    return tmp_path / "worker.log"


def wait_for_run(task: Task) -> None:
    wait_until(lambda: Task.objects.get(pk=task.pk).status == TaskStatus.RUNNING, what="The start of the task")


def wait_for_heartbeat(task: Task) -> None:
    """Return when the task has sent one from now on."""
    beating = Task.objects.filter(pk=task.pk, heartbeat_at__gt=timezone.now())
    wait_until(beating.exists, what="A heartbeat")


@pytest.mark.processes
def test_an_idle_worker_survives_a_postgresql_restart(
    cluster: Cluster, client: Client, start: StartWorker, log: Path, smtp_server: MailServer
) -> None:
    worker = start()
    crash(cluster)
    wait_until(lambda: "tasks_reconcile failed" in log.read_text(), what="The worker's notice")
    cluster.start()
    assert_exported(start_export(client), smtp_server, attempt=1, failures=0)
    assert worker.poll() is None
    assert_another_succeeds(client)


@pytest.mark.processes
def test_an_export_is_retried_after_postgresql_restarts(
    cluster: Cluster, client: Client, start: StartWorker, smtp_server: MailServer
) -> None:
    task = start_export(client)  # before the lock: the launch looks at the posts, too
    with locked_table(cluster, "posts_post", "ACCESS EXCLUSIVE"):
        worker = start()
        wait_for_run(task)
        crash(cluster)
    cluster.start()
    assert_exported(task, smtp_server, attempt=2, failures=1)
    assert temporary_files() == []
    assert worker.poll() is None
    assert_another_succeeds(client)


@pytest.mark.processes
def test_an_export_is_retried_when_postgresql_cannot_record_its_success(
    cluster: Cluster, client: Client, start: StartWorker, smtp_server: MailServer
) -> None:
    start()
    with locked_table(cluster, "exports_archive", "EXCLUSIVE"):
        task = start_export(client)
        [orphan] = wait_until(lambda: stored_files(task), what="The file in the storage")
        crash(cluster)
        wait_until(lambda: not temporary_files(), what="The end of the attempt")
    assert orphan.exists()  # nobody could know whether it has an archive
    cluster.start()
    wait_for_end(task)
    wait_until(lambda: not orphan.exists(), what="The end of the orphan")
    assert_exported(task, smtp_server, attempt=2, failures=1)
    assert_another_succeeds(client)


@pytest.mark.processes
def test_an_export_waiting_for_storage_survives_a_postgresql_restart(
    cluster: Cluster, client: Client, start: StartWorker, smtp_server: MailServer, bucket_server: Bucket
) -> None:
    bucket = FaultyBucket(bucket_server)
    try:
        bucket.replies.clear()
        start(EXPORT_STORAGE_URL=bucket.url, **CREDENTIALS)
        task = start_export(client)
        assert bucket.stored.wait(60)
        wait_for_heartbeat(task)
        crash(cluster)
        cluster.start()
        wait_for_heartbeat(task)
        bucket.replies.set()
        archive = wait_for_mail(task)
        task.refresh_from_db()
        assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 1, 0)
        assert len(bucket_server.files()[f"some/prefix/{archive.file.name}"]) == archive.size
        assert len(smtp_server.messages) == 1
    finally:
        bucket.stop()


@pytest.mark.processes
def test_a_worker_started_while_postgresql_is_down_works_once_it_returns(
    cluster: Cluster, client: Client, start: StartWorker, log: Path, smtp_server: MailServer
) -> None:
    task = start_export(client)
    crash(cluster)
    worker = start()
    wait_until(lambda: f"{task.pk}" in log.read_text(), what="The job, which cannot be claimed")
    cluster.start()
    assert_exported(task, smtp_server, attempt=1, failures=0)
    assert worker.poll() is None
    assert_another_succeeds(client)


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Iterator[int]:
    """Return the port of the site's web server, which has one process with one lasting connection."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "microblog_project.wsgi"]
    with (tmp_path / "web.log").open("wb") as log:
        process = Popen(command, cwd=settings.BASE_DIR, env=child_environment(), stdin=DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: is_up(port), 30, what="The web server")
        yield port
    finally:
        stop_process(process)


def is_up(port: int) -> bool:
    try:
        return status_of(port, "/healthz") == 200
    except OSError:
        return False


def status_of(port: int, path: str, client: Client | None = None) -> int:
    """Return the status of the site's answer, to the member if there is a client."""
    web = HTTPConnection("127.0.0.1", port, timeout=20)
    cookies = client.cookies.output(attrs=[], header="", sep=";") if client else ""
    with closing(web):
        web.request("GET", path, headers={"Cookie": cookies})
        return web.getresponse().status


@pytest.mark.processes
def test_pages_and_poll_recover_with_postgresql(cluster: Cluster, client: Client, site: int) -> None:
    paths = ["/", "/exports/", "/notifications/"]
    assert [status_of(site, path, client) for path in paths] == [200, 200, 200]
    crash(cluster)
    cluster.start()
    assert [status_of(site, path, client) for path in paths] == [200, 200, 200]
    crash(cluster)
    assert [status_of(site, path, client) for path in paths] == [500, 500, 500]
    assert status_of(site, "/healthz") == 200
    cluster.start()
    assert [status_of(site, path, client) for path in paths] == [200, 200, 200]


@pytest.mark.processes
def test_starting_an_export_while_postgresql_is_down_is_refused(
    cluster: Cluster, client: Client, redis_queue: Queue
) -> None:
    client.raise_request_exception = False
    crash(cluster)
    answer = client.post("/exports/")
    assert answer.status_code == 500
    assert "Please try again in a few minutes." in answer.content.decode()
    cluster.start()
    connection.close()
    task = start_export(client)
    assert task.status == TaskStatus.QUEUED
    client.post(f"/exports/{task.pk}/cancel/")  # no worker is there in this test


def seconds_since_heartbeat(task: Task) -> float:
    heartbeat_at = Task.objects.values_list("heartbeat_at", flat=True).get(pk=task.pk)
    return (timezone.now() - heartbeat_at).total_seconds() if heartbeat_at else 0


def test_a_locked_sqlite_database_delays_a_task_without_costing_an_attempt(susan: User, start: StartWorker) -> None:
    """Its heartbeats and its end have to wait; what is only read, such as the poll, does not."""
    if connection.vendor != "sqlite":
        pytest.skip("is about SQLite")
    start(EXPORT_STALE_AFTER="10")
    client = signed_in_client(susan)
    exports_page(client)
    task = task_launch(user=susan, name="example", params={"seconds": 2})
    wait_for_run(task)
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=20)) as other:
        other.execute("BEGIN IMMEDIATE")
        wait_until(lambda: seconds_since_heartbeat(task) > 3, what="Heartbeats that have to wait")
        assert news_of(task, client)["status"] == TaskStatus.RUNNING
    wait_for_end(task)
    assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 1, 0)
    assert_another_succeeds(client)
