"""An attacker who can write to the queue server can't run code, and the worker keeps working.

Everything is put into the real server as RQ itself would have it, and met by a real worker, and by the dashboard.
"""

import json
import os
import pickle
import re
import zlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from redis import Redis
from rq import Queue, Worker
from rq.command import PUBSUB_CHANNEL_TEMPLATE
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.utils import utcformat

from tasks.models import Task, TaskStatus
from tasks.queue.registered_jobs import MAX_FIELD_BYTES, job_refusal
from tasks.queue.workers import living_workers, running_job_ids, workers_alive
from tasks.registry import FUNCTIONS
from tasks.services.launch import task_launch
from tasks.worker import TaskWorker
from tests.members import make_member, signed_in_client
from tests.waiting import wait_until

NOW = utcformat(timezone.now())
REGISTERED = "exports.jobs.deliver_archive"
SHORT = {"EXPORT_STALE_AFTER": "1", "EXPORT_RECONCILE_INTERVAL": "1"}
FORGED = "x\n2026-01-01 00:00:00,000 INFO forged: a line\x1b[2J"
CALLBACKS = ("success_callback_name", "failure_callback_name", "stopped_callback_name")

pytestmark = pytest.mark.django_db(transaction=True)


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


@pytest.fixture
def sentinel(tmp_path: Path) -> Path:
    """The file that appears if anything of the attacker's is run."""
    return tmp_path / "sentinel"


@pytest.fixture
def touch(sentinel: Path) -> str:
    return f"touch {sentinel}"


@pytest.fixture
def bomb(touch: str) -> bytes:
    return pickle.dumps(Bomb(touch))


def data(function: object, *arguments: object, instance: object = None, options: object = None) -> bytes:
    return json.dumps([function, instance, arguments, options or {}]).encode()


def harmless() -> bytes:
    """A registered job that finds nothing to do."""
    return data(REGISTERED, str(uuid4()))


def plant(queue: Queue, payload: bytes, *, job_id: str | bytes = "", **fields: Any) -> str | bytes:
    """Put a job into the queue, field by field; return its id."""
    job_id = job_id or str(uuid4())
    key = b"rq:job:" + (job_id if isinstance(job_id, bytes) else job_id.encode())
    usual: dict[str, Any] = {
        "data": zlib.compress(payload),
        "created_at": NOW,
        "enqueued_at": NOW,
        "origin": queue.name,
        "timeout": 60,
    }
    queue.connection.hset(key, mapping=usual | {"status": "queued"} | fields)
    queue.connection.rpush(queue.key, job_id)
    return job_id


def litter_queues(connection: Redis) -> None:
    """Put what is no job where RQ looks for jobs as it cleans up."""
    for name in ("wip", "failed", "finished", "deferred", "scheduled"):
        connection.zadd(f"rq:{name}:default", {b"\xff:1": 1, b"nothing": 2, b"a:b:c": 3})
    connection.rpush("rq:queue:default:intermediate", b"\xff")
    connection.sadd("rq:groups", b"\xff")
    connection.sadd("rq:rl-keys", b"\xff")


def litter_workers(connection: Redis) -> None:
    """Register what is no worker."""
    connection.sadd("rq:workers", b"nobody", b"\xff", b"rq:worker:odd", b"rq:worker:text")
    connection.hset("rq:worker:odd", mapping={"pid": "x", "last_heartbeat": "today", "queues": b"\xff"})
    connection.set("rq:worker:text", "x")


@pytest.fixture
def attacks(touch: str, bomb: bytes) -> list[tuple[bytes, dict[str, Any]]]:
    """All that is planted: the data, and further fields of the hash."""
    calls = [
        data("os.system", touch),
        data("subprocess.check_output", ["sh", "-c", touch]),
        data("builtins.exec", f"import os; os.system({touch!r})"),
        data("exports.jobs.os.system", touch),
        data("tasks.runner.run", str(uuid4()), touch),
        data("exports.jobs.PostsExport.run", str(uuid4())),
        data("format", touch, instance="{0}"),
        data("deliver_archive", str(uuid4()), instance="exports.jobs"),
        data(["os.system"], touch),
        data(None),
        b"[" * 100_000,
        b'"os.system"',
        bomb,
        pickle.dumps((REGISTERED, Bomb(touch), (str(uuid4()),), {})),
    ]
    arguments = [data(REGISTERED, *these) for these in ((), (touch,), (1,), (str(uuid4()), touch), ([str(uuid4())],))]
    named = [data(REGISTERED, options={"task_id": str(uuid4())})]
    webhook = json.dumps([{"url": "http://127.0.0.1:9/", "job_status": status} for status in ("finished", "failed")])
    told: list[dict[str, Any]] = [
        dict.fromkeys(CALLBACKS, "os.system"),
        {"meta": bomb, "result": bomb, "exc_info": bomb},
        {"meta": b"[1]"},
        {"webhooks": webhook},
        {"repeats_left": 9, "repeat_intervals": "[0]"},
        {"retries_left": 9, "retry_intervals": "[0]", "number_of_retries": 1},
        {"dependency_ids": json.dumps([str(uuid4())]), "group_id": "g"},
        {"rate_limit_key": "k", "rate_limit_concurrency": 1},
        {"timeout": -1, "result_ttl": -1},
        {"result_ttl": 10**30, "failure_ttl": 10**30, "ttl": 10**30},
        {"meta": json.dumps({"request_id": FORGED, "task_id": FORGED})},
        {"status": "odd"},
        {"timeout": "soon"},
        {"created_at": "yesterday"},
    ]
    return [
        *((payload, {}) for payload in [*calls, *arguments, *named]),
        *((harmless(), fields) for fields in told),
        (data("os.system", touch), {"failure_ttl": 10**30}),
        *((data("exports.jobs.example", str(uuid4())), {name: "os.system"}) for name in CALLBACKS),
    ]


@pytest.mark.processes
@pytest.mark.short
def test_a_worker_refuses_foreign_jobs_and_carries_on(
    attacks: list[tuple[bytes, dict[str, Any]]],
    sentinel: Path,
    redis_queue: Queue,
    worker_factory: Callable[..., "Popen[bytes]"],
    tmp_path: Path,
) -> None:
    for payload, fields in attacks:
        plant(redis_queue, payload, **fields)
    plant(redis_queue, harmless(), job_id=b"a b;\xff\n")
    plant(redis_queue, data("os.system", "x"), job_id=FORGED)
    litter_queues(redis_queue.connection)
    task = task_launch(user=make_member("susan"), name="export_posts")  # the last in the queue
    worker = worker_factory(**SHORT)
    wait_until(lambda: Task.objects.get(pk=task.pk).status == TaskStatus.SUCCEEDED, what="The export")
    assert not sentinel.exists()
    assert worker.poll() is None
    assert redis_queue.count == 0
    log = (tmp_path / "worker.log").read_text()
    for reason in ("'os.system' is not a registered job", "its data is not JSON", "must be a task's id"):
        assert reason in log
    assert "ended unexpectedly" not in log
    assert "\x1b" not in log
    assert not re.search(r"^\S+ \S+ INFO forged", log, re.MULTILINE)


def test_jobs_queued_by_an_earlier_release_still_run(
    redis_queue: Queue, worker_factory: Callable[..., "Popen[bytes]"]
) -> None:
    """It is requeued from its row immediately."""
    task = Task.objects.create(user=make_member("susan"), name="export_posts", description="Exporting posts...")
    old = pickle.dumps(("exports.jobs.export_posts", None, (str(task.pk),), {}))
    plant(redis_queue, old, job_id=str(task.pk), meta=pickle.dumps({"request_id": "r", "task_id": str(task.pk)}))
    worker_factory(EXPORT_STALE_AFTER="600", EXPORT_RECONCILE_INTERVAL="1")
    wait_until(lambda: Task.objects.get(pk=task.pk).status == TaskStatus.SUCCEEDED, what="The export")
    task.refresh_from_db()
    assert (task.attempt, task.failures) == (1, 0)


# --- The dashboard, which makes jobs of its own -----------------------------------------------------------


def visit_dashboard(job_id: str = "", worker: str = "") -> None:
    """Look at every page of it that reads jobs."""
    staff = signed_in_client(make_member("staff", is_staff=True, is_superuser=True))
    pages = ["queue_workers", "jobs", "finished_jobs", "failed_jobs", "scheduled_jobs", "started_jobs", "deferred_jobs"]
    names = {"workers" if page == "queue_workers" else page: [0] for page in pages}
    staff.get(reverse("admin:django_rq_dashboard_changelist"))
    for name, arguments in names.items():
        assert staff.get(reverse(f"admin:django_rq_{name}", args=arguments)).status_code in {200, 404}, name
    if job_id:
        staff.get(reverse("admin:django_rq_job_detail", args=[0, job_id]))
    if worker:
        assert staff.get(reverse("admin:django_rq_worker_details", args=[0, worker])).status_code in {200, 404}


def test_the_dashboard_runs_no_callback_of_an_abandoned_job(
    redis_queue: Queue, sentinel: Path, touch: str, bomb: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cleans up as it counts: RQ calls the failure callback then, in the web process."""
    monkeypatch.setattr("os.system", lambda _job, *_more: sentinel.touch())
    job_id = str(plant(redis_queue, harmless(), status="started", failure_callback_name="os.system", meta=bomb))
    redis_queue.connection.zadd(StartedJobRegistry(queue=redis_queue).key, {f"{job_id}:1": 1})
    visit_dashboard(job_id)
    assert not sentinel.exists()
    assert job_id in FailedJobRegistry(queue=redis_queue).get_job_ids(cleanup=False)


def test_the_dashboard_unpickles_nothing(redis_queue: Queue, sentinel: Path, bomb: bytes) -> None:
    """Neither a job, nor what it returned, nor what a worker is at."""
    connection: Redis = redis_queue.connection
    job_id = str(plant(redis_queue, bomb, meta=bomb, result=bomb))
    connection.xadd(f"rq:results:{job_id}", {"data": "", "type": "1", "return_value": b64encode(bomb)})
    worker = Worker([redis_queue], name="stranger", connection=connection)
    worker.register_birth()
    connection.sadd(worker.executions_key, f"{job_id}:e")
    connection.hset(f"rq:execution:{job_id}:e", mapping={"id": "e", "created_at": 1, "last_heartbeat": 1})
    try:
        visit_dashboard(job_id, worker.key)
    finally:
        worker.register_death()
    assert not sentinel.exists()


# --- What may run -----------------------------------------------------------------------------------------


def job_with(queue: Queue, payload: bytes) -> Job:
    return Job.fetch(str(plant(queue, payload)), connection=queue.connection)


def test_every_registered_job_may_run(redis_queue: Queue) -> None:
    assert all(not job_refusal(job_with(redis_queue, data(name, str(uuid4())))) for name in FUNCTIONS)


def test_only_registered_names_are_imported(redis_queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    monkeypatch.setattr("tasks.queue.registered_jobs.import_attribute", imported.append)
    job = job_with(redis_queue, data("antigravity.fly", str(uuid4())))
    with pytest.raises(Exception, match=r"'antigravity.fly' is not a registered job"):
        job.perform()
    assert imported == []


@pytest.mark.parametrize("limit", [-1, 0, 10**9])
def test_a_job_cannot_extend_its_time_limit(redis_queue: Queue, settings: Any, limit: int) -> None:
    job_id = str(plant(redis_queue, harmless(), timeout=limit))
    timeout = Job.fetch(job_id, connection=redis_queue.connection).timeout
    assert timeout is not None
    assert 0 <= timeout <= settings.EXPORT_JOB_TIMEOUT


@pytest.mark.processes
def test_an_invalid_command_does_not_stop_a_worker_listening(
    redis_queue: Queue, worker_factory: Callable[..., "Popen[bytes]"]
) -> None:
    worker = worker_factory()
    [name] = [found.name for found in Worker.all(connection=redis_queue.connection) if found.pid == worker.pid]
    channel = PUBSUB_CHANNEL_TEMPLATE % name
    for nonsense in (b"\xff", b"[]", b"{}", pickle.dumps({"command": "shutdown"})):
        assert redis_queue.connection.publish(channel, nonsense) == 1
    assert redis_queue.connection.publish(channel, b'{"command": "shutdown"}') == 1
    assert worker.wait(30) == 0


def test_an_invalid_worker_entry_hides_no_worker(
    redis_queue: Queue, worker_factory: Callable[..., "Popen[bytes]"]
) -> None:
    worker = worker_factory()
    litter_workers(redis_queue.connection)
    assert [found.pid for found in living_workers()] == [worker.pid]
    assert (workers_alive(), running_job_ids()) == (1, set())
    staff = signed_in_client(make_member("staff", is_staff=True, is_superuser=True))
    assert staff.get("/admin/").status_code == 200
    assert Client().get("/readyz").status_code == 200


def test_a_job_that_unpacks_to_gigabytes_is_treated_as_lost(redis_queue: Queue) -> None:
    for payload in (b"[" + b" " * 50_000_000 + b"]", data(REGISTERED, "x" * MAX_FIELD_BYTES)):
        with pytest.raises(NoSuchJobError):
            job_with(redis_queue, payload)


@pytest.mark.parametrize("function", ["example", "export_archive"])
def test_a_task_runs_its_own_job_whatever_the_queue_names(
    function: str, redis_queue: Queue, run_worker: Callable[[], None]
) -> None:
    """Another one would fail the task, or email what its member did not ask for."""
    task = Task.objects.create(user=make_member("susan"), name="export_posts")
    plant(redis_queue, data(f"exports.jobs.{function}", str(task.pk)))
    run_worker()
    task.refresh_from_db()
    assert (task.status, task.archive.filename) == (TaskStatus.SUCCEEDED, "posts.json")


def test_a_deeply_nested_command_does_not_stop_a_worker_listening(redis_queue: Queue) -> None:
    TaskWorker([redis_queue], connection=redis_queue.connection).handle_payload({"data": b"[" * 100_000})
