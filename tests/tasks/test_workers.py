"""The members' messages when no worker is running."""

import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.test import Client
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue

from accounts.models import User
from tasks.models import Task
from tasks.queue.client import QueueUnavailableError, queue_connection
from tasks.queue.workers import ALIVE_FOR, workers_alive
from tasks.services.launch import task_launch
from tasks.worker import TaskWorker
from tests.members import make_member
from tests.waiting import wait_until


def polled(client: Client) -> list[dict[str, object]]:
    return [item["data"] for item in client.get("/notifications/?since=0").json() if item["name"] == "task_progress"]


def poll_after_a_while(client: Client) -> None:
    """Poll as a page does that has heard nothing for some time."""
    User.objects.update(notification_cursor=int((time.time() - 30) * 1_000_000))
    client.get(f"/notifications/?since={time.time()}")


def test_no_worker_is_alive_before_one_is_started(redis_queue: Queue) -> None:
    assert workers_alive() == 0


def test_a_worker_that_listens_is_alive(worker_process: "subprocess.Popen[bytes]") -> None:
    assert workers_alive() == 1


def test_a_busy_worker_sends_heartbeats_often_enough_to_count_as_alive(redis_queue: Queue) -> None:
    worker = TaskWorker([redis_queue], connection=redis_queue.connection)
    assert worker.job_monitoring_interval <= ALIVE_FOR.total_seconds() / 2


def test_a_worker_looks_for_an_unavailable_queue_server_every_few_seconds(
    redis_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = TaskWorker([redis_queue], connection=redis_queue.connection)
    outage = Mock(side_effect=[*[RedisConnectionError] * 8, None])
    monkeypatch.setattr(worker, "queue_class", Mock(dequeue_any=outage))
    monkeypatch.setattr(worker, "run_maintenance_tasks", lambda: None)
    pauses: list[float] = []
    monkeypatch.setattr("rq.worker.base.time.sleep", pauses.append)
    worker.dequeue_job_and_maintain_ttl(1)
    assert len(pauses) == 8
    assert max(pauses) == 5


def test_checking_the_workers_keeps_the_connections_time_out(
    worker_process: "subprocess.Popen[bytes]",
) -> None:
    workers_alive()
    assert queue_connection().connection_pool.connection_kwargs["socket_timeout"] == 5


def test_a_queue_out_of_reach_tells_nothing(unreachable_queue: None) -> None:
    with pytest.raises(QueueUnavailableError):
        workers_alive()


def test_without_a_worker_the_alert_says_since_when_it_waits(susan: User, signed_in: Client, queue: Queue) -> None:
    task_launch(user=susan, name="export_posts")
    poll_after_a_while(signed_in)
    [news] = polled(signed_in)
    assert news["is_stalled"] is True
    page = " ".join(signed_in.get("/").content.decode().split())
    assert "no worker is available right now; it has been waiting since" in page


def test_a_task_whose_worker_died_unnoticed_does_not_count_as_a_running_worker(
    susan: User, signed_in: Client, queue: Queue
) -> None:
    """Its row says that it is running, until somebody looks after it: its own member need not be there."""
    abandoned = timezone.now() - timedelta(seconds=30)
    Task.objects.create(user=make_member("john"), name="example", status="running", heartbeat_at=abandoned)
    task_launch(user=susan, name="export_posts")
    poll_after_a_while(signed_in)
    [news] = polled(signed_in)
    assert news["is_stalled"] is True


def test_while_a_task_runs_members_are_not_told_that_no_worker_is_available(
    susan: User, signed_in: Client, queue: Queue
) -> None:
    """An orphaned work-horse, perhaps: it is no worker, and works."""
    Task.objects.create(user=make_member("john"), name="example", status="running", heartbeat_at=timezone.now())
    task_launch(user=susan, name="export_posts")
    poll_after_a_while(signed_in)
    assert all(not news.get("is_stalled") for news in polled(signed_in))


def test_it_is_said_once_and_not_at_each_poll(susan: User, signed_in: Client, queue: Queue) -> None:
    task_launch(user=susan, name="export_posts")
    poll_after_a_while(signed_in)
    before = User.objects.get(pk=susan.pk).notification_cursor
    User.objects.filter(pk=susan.pk).update(notification_cursor=before - 30_000_000)
    signed_in.get(f"/notifications/?since={time.time()}")
    assert User.objects.get(pk=susan.pk).notification_cursor == before - 30_000_000


@pytest.mark.short
def test_once_a_worker_is_there_the_export_runs(
    susan: User, signed_in: Client, worker_factory: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    task = task_launch(user=susan, name="export_posts")
    poll_after_a_while(signed_in)
    worker_factory()
    wait_until(lambda: polled(signed_in)[0]["status"] == "succeeded", 20, what="The export")
    assert polled(signed_in)[0]["task_id"] == str(task.pk)


def test_with_the_queue_out_of_reach_nothing_is_said_of_workers(
    susan: User, signed_in: Client, queue: Queue, unreachable_queue: None
) -> None:
    task_launch(user=susan, name="export_posts")
    poll_after_a_while(signed_in)
    assert all(not news.get("is_stalled") for news in polled(signed_in))
