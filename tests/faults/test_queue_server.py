"""A queue server that is restarted, away, hangs, or loses its data: it is only a hint, and nothing is lost with it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from subprocess import Popen

import django_rq
import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rq import Queue
from rq import Worker as RqWorker
from rq.job import JobStatus

from accounts.models import User
from core.health import CHECKS, Status, worst
from exports.models import Archive
from operations.check_runner import run_quick
from operations.metrics import site as site_metrics
from tasks.models import Task, TaskStatus
from tasks.queue.client import STATES
from tasks.queue.problems import QueueProblem
from tasks.queue.workers import workers_alive
from tasks.services.launch import task_launch
from tasks.services.recovery import tasks_reconcile
from tasks.services.transitions import task_claim
from tests.exports.archives import archive_of
from tests.faults.horses import horse_of, runs
from tests.faults.outcomes import assert_whole, is_mailed, mails_of
from tests.faults.pages import assert_another_succeeds, exports_page, news_of, start_export
from tests.faults.queue_servers import PATIENCE, QueueServer
from tests.mail_server import MailServer
from tests.members import make_member, signed_in_client
from tests.messages import told
from tests.waiting import LIMIT, wait_until
from tests.workers import queue_connection

Worker = Popen[bytes]
WorkerFactory = Callable[..., Worker]
Harm = Callable[[QueueServer], None]

AWAY = "The job queue is unavailable. Please try again in a few minutes."
LONG_AGO = timedelta(minutes=5)
PAGES = ["/", "/explore/", "/user/susan/", "/exports/", "/notifications/", "/accounts/profile/", "/healthz"]
STAFF_PAGES = ["/admin/", "/admin/tasks/task/"]

pytestmark = pytest.mark.processes

by_any_harm = pytest.mark.parametrize(
    "harm", [pytest.param(QueueServer.kill, id="away"), pytest.param(QueueServer.pause, id="hanging")]
)
REFUSALS = [
    (QueueServer.fill, QueueProblem.FULL),
    (QueueServer.become_replica, QueueProblem.READ_ONLY),
    (QueueServer.lose_disk, QueueProblem.DISK),
    (QueueServer.forbid, QueueProblem.FORBIDDEN),
    (QueueServer.miss_replicas, QueueProblem.REFUSED),
]
"""A server that answers, and takes no work."""
by_any_refusal = pytest.mark.parametrize(
    ("harm", "problem"), [pytest.param(*refusal, id=refusal[1].name) for refusal in REFUSALS]
)
by_any_fault = pytest.mark.parametrize(
    "harm", [QueueServer.kill, QueueServer.pause, *(harm for harm, _problem in REFUSALS)]
)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueServer]:
    """The queue server of this test, of its site and of its workers."""
    server = QueueServer(tmp_path / "queue-server")
    monkeypatch.setenv("REDIS_URL", server.url)
    monkeypatch.setitem(django_rq.settings.QUEUES["default"], "URL", server.url)
    yield server
    server.kill()


@pytest.fixture
def redis_queue(server: QueueServer) -> Queue:
    """The queue on that server; it needs no cleanup."""
    return django_rq.get_queue("default")


@pytest.fixture
def client(susan: User) -> Client:
    return signed_in_client(susan)


@pytest.fixture
def worker(server: QueueServer, start_worker: WorkerFactory, susan: User) -> Iterator[Worker]:
    """A worker with short intervals and a slow storage. Susan has a post."""
    susan.posts.create(body="Hello")
    yield start_worker(DJANGO_SETTINGS_MODULE="tests.faults.slow_settings")
    server.mend()  # the workers' end needs it


@pytest.fixture
def running(slow: Path, worker: Worker, client: Client) -> Task:
    """Susan's export, in the middle of its work."""
    task = start_export(client)
    runs(task)
    return task


@pytest.fixture
def orphans(susan: User, redis_queue: Queue, settings: LazySettings) -> list[Task]:
    """A stale running task and an overdue queued one, both unknown to the queue."""
    settings.EXPORT_PROGRESS_INTERVAL = 0.01  # so that the second check for stale tasks can follow immediately
    running = task_launch(user=susan, name="export_posts")
    task_claim(task_id=str(running.pk), worker="w1")
    queued = task_launch(user=susan, name="export_archive")
    redis_queue.empty()
    then = timezone.now() - LONG_AGO
    Task.objects.update(queued_at=then)
    Task.objects.filter(pk=running.pk).update(heartbeat_at=then)
    return [running, queued]


def states(tasks: list[Task]) -> list[tuple[str, int, int]]:
    for task in tasks:
        task.refresh_from_db()
    return [(task.status, task.attempt, task.failures) for task in tasks]


def assert_exported(task: Task, server: MailServer, *, attempt: int = 1, failures: int = 0) -> None:
    """Wait for the export's end: success on every page, one whole file, one mail."""
    wait_until(lambda: is_mailed(task), what="The export's mail")
    assert states([task]) == [(TaskStatus.SUCCEEDED, attempt, failures)]
    client = signed_in_client(task.member)
    assert news_of(task, client)["status"] == TaskStatus.SUCCEEDED
    assert f"/exports/{task.pk}/download/" in exports_page(client)
    assert_whole(Archive.objects.get(task=task))
    assert len(mails_of(task, server)) == 1


def assert_all_is_well(task: Task, server: MailServer, *, attempt: int = 1, failures: int = 0) -> None:
    """Wait for the export's end, and for that of the next one."""
    assert_exported(task, server, attempt=attempt, failures=failures)
    assert_another_succeeds(signed_in_client(task.member))


def seconds_for(visitor: Client, page: str) -> float:
    """Return how long the page takes, which has to be there."""
    began = time.monotonic()
    assert visitor.get(page).status_code == 200, page
    return time.monotonic() - began


def wait_for_log(tmp_path: Path, words: str) -> None:
    wait_until(lambda: words in (tmp_path / "worker.log").read_text(), what=f"{words!r} in the worker's log")


def kill_while_idle(server: QueueServer, tmp_path: Path) -> None:
    """Kill the server while the worker is idle; return when it has noticed."""
    wait_until(lambda: RqWorker.all(connection=queue_connection())[0].get_state() == "idle", what="An idle worker")
    server.kill()
    wait_for_log(tmp_path, "retrying in 1 seconds")


def wait_for_heartbeat(task: Task, seconds: float = 0) -> None:
    """Wait for a heartbeat of the running task that is sent after so many seconds."""
    since = timezone.now() + timedelta(seconds=seconds)
    beats = Task.objects.filter(pk=task.pk, status=TaskStatus.RUNNING, attempt=1, heartbeat_at__gt=since)
    wait_until(beats.exists, what="A heartbeat")


def test_an_export_continues_while_the_queue_server_restarts(
    running: Task, server: QueueServer, slow: Path, smtp_server: MailServer
) -> None:
    server.restart()
    wait_for_heartbeat(running)
    slow.unlink()
    assert_all_is_well(running, smtp_server)


def test_an_export_finishes_without_the_queue_server_and_its_worker_carries_on(
    running: Task, server: QueueServer, slow: Path, smtp_server: MailServer, tmp_path: Path
) -> None:
    server.kill()
    wait_for_log(tmp_path, "no queue server while job")  # RQ would leave the work-horse to itself here
    wait_for_heartbeat(running)
    assert tasks_reconcile(immediately=True) == []
    assert news_of(running, signed_in_client(running.member))["status"] == TaskStatus.RUNNING
    slow.unlink()
    wait_until(lambda: is_mailed(running), what="The mail, without the server")
    wait_for_log(tmp_path, "ended unexpectedly")
    server.start()
    assert_all_is_well(running, smtp_server)


def test_a_queue_server_that_loses_its_data_costs_no_export(
    running: Task, server: QueueServer, slow: Path, smtp_server: MailServer
) -> None:
    waiting = start_export(signed_in_client(make_member("john")))
    server.empty()
    wait_for_heartbeat(running, 0.5)
    slow.unlink()
    for task in (running, waiting):
        assert_all_is_well(task, smtp_server)
    assert workers_alive() == 1


def test_a_hanging_queue_server_stops_neither_heartbeats_nor_file_nor_email(
    running: Task, server: QueueServer, slow: Path, smtp_server: MailServer
) -> None:
    server.pause()
    wait_for_heartbeat(running, 2)  # longer than a silent task is left alone
    slow.unlink()
    wait_until(lambda: is_mailed(running), what="The mail, without the server")
    server.resume()
    assert_all_is_well(running, smtp_server)


def test_a_work_horse_that_dies_while_the_queue_server_is_down_costs_one_attempt(
    running: Task, worker: Worker, server: QueueServer, slow: Path, smtp_server: MailServer
) -> None:
    """The server comes back with the word that the job is running."""
    server.kill()
    os.kill(horse_of(worker), signal.SIGKILL)
    wait_until(lambda: states([running]) == [(TaskStatus.QUEUED, 1, 1)], what="The task's return to the queue")
    assert news_of(running, signed_in_client(running.member))["status"] == TaskStatus.QUEUED
    server.start()
    slow.unlink()
    assert_all_is_well(running, smtp_server, attempt=2, failures=1)


def test_an_email_interrupted_while_the_queue_server_is_down_is_sent_soon(
    worker: Worker, server: QueueServer, smtp_server: MailServer, client: Client
) -> None:
    smtp_server.stalls = True
    task = start_export(client)
    wait_until(lambda: smtp_server.stalled, what="The mail's first try")
    server.kill()
    os.kill(horse_of(worker), signal.SIGKILL)
    due = Archive.objects.filter(task=task, mail_due_at__lte=timezone.now() + timedelta(seconds=10))
    wait_until(due.exists, what="The mail's being due")
    smtp_server.stalls = False
    server.start()
    assert_all_is_well(task, smtp_server)


def test_an_idle_worker_survives_a_queue_server_outage(
    worker: Worker, server: QueueServer, smtp_server: MailServer, client: Client, tmp_path: Path
) -> None:
    kill_while_idle(server, tmp_path)
    server.start()
    assert_all_is_well(start_export(client), smtp_server)
    assert worker.poll() is None


def test_a_worker_stopped_while_the_queue_server_is_down_exits_cleanly(
    worker: Worker, server: QueueServer, tmp_path: Path
) -> None:
    kill_while_idle(server, tmp_path)
    worker.terminate()
    assert worker.wait(LIMIT) == 0


@by_any_fault
def test_starting_an_export_is_refused_while_the_queue_server_is_unavailable(
    server: QueueServer, client: Client, smtp_server: MailServer, run_worker: Callable[[], None], harm: Harm
) -> None:
    harm(server)
    began = time.monotonic()
    response = client.post("/exports/")
    assert time.monotonic() - began < 3 * PATIENCE
    assert told(response) == [AWAY]
    refused = Task.objects.get()
    assert (refused.status, refused.error) == (TaskStatus.FAILED, AWAY)
    assert news_of(refused, client)["error"] == AWAY
    assert AWAY in exports_page(client)
    server.mend()
    task = start_export(client)
    run_worker()  # of a server that hung, also what was sent to it then
    assert_exported(task, smtp_server)
    assert states([refused]) == [(TaskStatus.FAILED, 0, 0)]
    assert len(smtp_server.messages) == 1


@by_any_fault
def test_every_page_works_without_the_queue_server(
    server: QueueServer, susan: User, client: Client, harm: Harm
) -> None:
    task_launch(user=susan, name="export_posts")
    admin = signed_in_client(make_member("staff", is_staff=True, is_superuser=True))
    harm(server)
    for visitor, pages in ((client, PAGES), (admin, STAFF_PAGES)):
        for page in pages:
            # A busy machine may need another try; who waits for the server needs that long each time.
            assert any(seconds_for(visitor, page) < PATIENCE for _try in range(3)), page


@by_any_harm
def test_the_queue_dashboard_reports_an_unavailable_server(server: QueueServer, staff: User, harm: Harm) -> None:
    admin = signed_in_client(staff)
    harm(server)
    for page in ("", "queues/0/"):
        response = admin.get(f"/admin/django_rq/dashboard/{page}")
        assert response.status_code == 503
        assert "The queue server is unavailable." in response.content.decode()


@by_any_harm
def test_a_poll_recovers_tasks_only_once_the_queue_server_is_back(
    server: QueueServer, client: Client, orphans: list[Task], redis_queue: Queue, harm: Harm
) -> None:
    minute_ago = int((timezone.now() - timedelta(minutes=1)).timestamp() * 1_000_000)
    User.objects.update(notification_cursor=minute_ago)
    now = {"since": str(timezone.now().timestamp())}
    before = states(orphans)
    harm(server)
    for _look in range(2):
        response = client.get("/notifications/", now)
        assert (response.status_code, response.json()) == (200, [])
    assert states(orphans) == before
    server.mend()
    client.get("/notifications/", now)
    assert states(orphans) == [(TaskStatus.QUEUED, 1, 1), (TaskStatus.QUEUED, 0, 0)]
    assert set(redis_queue.job_ids) == {str(task.pk) for task in orphans}


@by_any_harm
def test_reconcile_tasks_changes_nothing_without_the_queue_server(
    server: QueueServer, orphans: list[Task], redis_queue: Queue, capsys: pytest.CaptureFixture[str], harm: Harm
) -> None:
    archive = archive_of(orphans[0].member, b"{}", mail_due_at=timezone.now() - LONG_AGO)
    before = states(orphans)
    harm(server)
    call_command("reconcile_tasks")
    assert states(orphans) == before
    assert "0 tasks recovered\nemails_reconcile: 0" in capsys.readouterr().out
    server.mend()
    call_command("reconcile_tasks")
    assert "2 tasks recovered\nemails_reconcile: 1" in capsys.readouterr().out
    assert set(redis_queue.job_ids) == {*(str(task.pk) for task in orphans), f"mail-{archive.pk}"}


# --- A server that answers, and refuses to work ----------------------------------------------------------


@by_any_refusal
def test_a_queue_server_that_refuses_writes_is_reported_everywhere(
    server: QueueServer, client: Client, worker: Worker, harm: Harm, problem: QueueProblem
) -> None:
    """A worker is alive, so a hint to start one is wrong."""
    harm(server)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "queue failing" in response.content.decode()
    [failing] = CHECKS["queue"].run()
    assert (failing.text, failing.hint) == (str(problem.what), str(problem.hint))
    assert not any("rqworker" in str(finding.hint) for _check, findings in run_quick() for finding in findings)
    values = {metric.name: [sample.value for sample in metric.samples] for metric in site_metrics.checks()}
    assert values["microblog_queue_accepts_jobs"] == [0]
    server.mend()
    assert worst(CHECKS["queue"].run()) is Status.OK


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal[1].name)
def test_a_worker_waits_until_the_queue_server_accepts_writes_again(
    server: QueueServer,
    worker: Worker,
    smtp_server: MailServer,
    tmp_path: Path,
    refusal: tuple[Harm, QueueProblem],
) -> None:
    harm, problem = refusal
    harm(server)
    wait_for_log(tmp_path, str(problem.what))
    server.mend()
    assert_all_is_well(start_export(signed_in_client(User.objects.get())), smtp_server)
    assert worker.poll() is None
    assert (tmp_path / "worker.log").read_text().count(str(problem.what)) <= 2  # at two places at most, not each second


@pytest.mark.parametrize("harm", [harm for harm, _problem in REFUSALS])
def test_an_export_finishes_while_the_queue_server_refuses_writes(
    running: Task, server: QueueServer, slow: Path, smtp_server: MailServer, harm: Harm
) -> None:
    harm(server)
    wait_for_heartbeat(running, 2)
    slow.unlink()
    wait_until(lambda: is_mailed(running), what="The mail, without the server")
    server.mend()
    assert_all_is_well(running, smtp_server)


def test_the_probe_leaves_nothing_behind(server: QueueServer, client: Client) -> None:
    client.get("/readyz")
    assert queue_connection().keys("*probe*") == []


@pytest.mark.parametrize("status", JobStatus)
def test_every_state_of_rqs_is_known(status: JobStatus) -> None:
    assert status in STATES
