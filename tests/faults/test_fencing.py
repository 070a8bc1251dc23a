"""The fence: a work-horse whose task was given to another changes nothing when it wakes up."""

from collections.abc import Callable
from functools import partial
from subprocess import Popen
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from exports.models import Archive
from notifications.models import Notification
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tests.faults.conftest import PATIENT
from tests.faults.horses import has_horse, horse_of, is_gone, pause, pause_while_tasks_are_held, reaches, runs, wake
from tests.faults.many_posts import tasks_held, write_many_posts
from tests.faults.outcomes import assert_exported, mails_of, stored_files, temporary_files
from tests.faults.pages import assert_another_succeeds, start_export, wait_for_end
from tests.mail_server import MailServer
from tests.members import signed_in_client
from tests.waiting import wait_until
from tests.workers import database_url, stop_process

Worker = Popen[bytes]
StartWorker = Callable[..., Worker]


def impatient_database() -> dict[str, str]:
    """Have PostgreSQL end a transaction after a second in which nothing comes: who sleeps in one has its rows."""
    if connection.vendor == "sqlite":
        return {}
    return {"DATABASE_URL": f"{database_url()}&options=-c%20idle_in_transaction_session_timeout%3D1s"}


@pytest.fixture
def client(susan: User) -> Client:
    write_many_posts(susan)
    return signed_in_client(susan)


def everything() -> list[list[dict[str, Any]]]:
    """Return all that an attempt could change in the database."""
    rows = (Task.objects.values(), Archive.objects.values(), Notification.objects.values())
    return [[dict(row) for row in table] for table in rows]


def assert_wakes_up_without_a_trace(horse: int, task: Task, server: MailServer) -> None:
    """Wake the work-horse of an attempt that was given up, and look for what it could have done."""
    before = everything()
    [file], mails = stored_files(task), len(mails_of(task, server))
    wake(horse)
    wait_until(partial(is_gone, horse), what="The end of the work-horse")
    assert everything() == before
    assert stored_files(task) == [file]
    assert len(mails_of(task, server)) == mails == 1
    assert temporary_files() == []


@pytest.mark.parametrize("asleep", ["work-horse", "work-horse without its worker", "worker and work-horse"])
def test_a_process_that_wakes_after_its_task_was_taken_over_changes_nothing(
    client: Client, start_worker: StartWorker, smtp_server: MailServer, asleep: str
) -> None:
    """A process that was swapped out, one that outlived its worker, and `docker pause` or a machine that sleeps."""
    first = start_worker()
    task = start_export(client, "archive")
    runs(task)
    horse = horse_of(first)
    if asleep == "work-horse without its worker":
        first.kill()
        first.wait()  # the death of a parent wakes the children that are stopped
    pause(horse, *([first.pid] if asleep == "worker and work-horse" else []))
    second = start_worker()
    assert_exported(task, smtp_server, attempt=2, failures=1)
    stop_process(second)
    if asleep == "worker and work-horse":
        wake(first.pid)
    assert_wakes_up_without_a_trace(horse, task, smtp_server)
    if first.poll() is None:  # it goes on to the next one
        assert_another_succeeds(client, "posts")


def test_a_work_horse_that_lost_its_task_removes_its_stored_file(
    client: Client, start_worker: StartWorker, smtp_server: MailServer
) -> None:
    first = start_worker(EXPORT_HOUSEKEEPING_INTERVAL="600", **impatient_database())
    task = start_export(client, "archive")
    runs(task)
    horse = horse_of(first)
    with tasks_held():
        [file] = wait_until(partial(stored_files, task), what="The file")
        pause_while_tasks_are_held(horse)
    start_worker(EXPORT_HOUSEKEEPING_INTERVAL="600")  # which would take it away too
    reaches(task, TaskStatus.SUCCEEDED, 2)
    wake(horse)
    wait_until(partial(is_gone, horse), what="The end of the work-horse")
    assert not file.exists()
    assert_exported(task, smtp_server, attempt=2, failures=1)
    assert len(mails_of(task, smtp_server)) == 1


def test_a_suspended_workers_work_horse_finishes_its_task(
    client: Client, start_worker: StartWorker, smtp_server: MailServer
) -> None:
    first, second = start_worker(**PATIENT), start_worker(**PATIENT)
    task = start_export(client, "archive")
    runs(task)
    sleeper = first if has_horse(first) else second
    pause(sleeper.pid)
    assert_exported(task, smtp_server, attempt=1, failures=0)
    other = start_export(client, "posts")
    assert_exported(other, smtp_server, attempt=1, failures=0)
    wake(sleeper.pid)
    wait_until(lambda: not has_horse(sleeper), what="The sleeper's look at its work-horse")
    assert sleeper.poll() is None
    assert (len(mails_of(task, smtp_server)), Task.objects.get(pk=task.pk).failures) == (1, 0)


@pytest.mark.processes
def test_a_slow_task_with_heartbeats_is_never_taken_from_its_worker(susan: User, start_worker: StartWorker) -> None:
    """It shows no progress for longer than the stale limit, while another worker looks after all tasks."""
    for _worker in range(2):
        start_worker(**PATIENT)
    task = wait_for_end(task_launch(user=susan, name="example", params={"seconds": 5}))
    assert (task.status, task.attempt, task.failures) == (TaskStatus.SUCCEEDED, 1, 0)
