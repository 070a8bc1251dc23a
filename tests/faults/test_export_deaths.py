"""Kill -9 in the midst of a real export, at chosen moments: it ends in one whole file and its mail."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from subprocess import Popen
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from exports.models import Archive
from tasks.models import Task
from tests.faults.horses import horse_of, kill, runs
from tests.faults.many_posts import tasks_held, write_many_posts
from tests.faults.outcomes import (
    assert_exported,
    assert_given_up,
    mails_of,
    stored_files,
    temporary_files,
)
from tests.faults.pages import start_export
from tests.mail_server import MailServer
from tests.members import signed_in_client
from tests.waiting import wait_until

Worker = Popen[bytes]
StartWorker = Callable[..., Worker]


class HoldingMailServer(MailServer):
    """Has read a message and does not answer, while `is_holding`."""

    is_holding = True
    held = 0

    async def handle_DATA(self, *arguments: Any) -> str:
        self.held += 1
        while self.is_holding:
            await asyncio.sleep(0.01)
        return await super().handle_DATA(*arguments)


@pytest.fixture
def smtp_server(settings: LazySettings) -> Iterator[HoldingMailServer]:
    server = HoldingMailServer()
    server.is_holding = False
    yield server
    server.stop()


@pytest.fixture
def client(susan: User) -> Client:
    write_many_posts(susan)
    return signed_in_client(susan)


def kill_with_its_horse(worker: Worker) -> None:
    """As a machine that fails, or the kernel's search for memory in a container."""
    kill(worker.pid, horse_of(worker))


def grow_old() -> None:
    """Let the leftovers be as old as they are after EXPORT_JOB_TIMEOUT."""
    for path in temporary_files():
        os.utime(path, (time.time() - 7200, time.time() - 7200))


@pytest.mark.parametrize("worker_lives", [True, False])
def test_a_crash_while_building(
    client: Client, start_worker: StartWorker, smtp_server: MailServer, worker_lives: bool
) -> None:
    worker = start_worker()
    task = start_export(client, "archive")
    runs(task)
    wait_until(temporary_files, interval=0.005, what="The half-built file")
    if worker_lives:
        kill(horse_of(worker))
    else:
        kill_with_its_horse(worker)
        start_worker()
    assert_exported(task, smtp_server, attempt=2, failures=1)
    assert len(mails_of(task, smtp_server)) == 1
    assert temporary_files()
    grow_old()
    wait_until(lambda: not temporary_files(), what="The next housekeeping")


@pytest.mark.parametrize("worker_lives", [True, False])
def test_a_crash_between_the_file_and_its_row(
    client: Client, start_worker: StartWorker, smtp_server: MailServer, worker_lives: bool
) -> None:
    worker = start_worker()
    task = start_export(client, "archive")
    runs(task)
    with tasks_held():
        [orphan] = wait_until(partial(stored_files, task), what="The stored file")
        kill(horse_of(worker)) if worker_lives else kill_with_its_horse(worker)
    if not worker_lives:
        start_worker()
    wait_until(lambda: not orphan.exists(), what="The housekeeping after the second attempt")
    assert_exported(task, smtp_server, attempt=2, failures=1)
    assert len(mails_of(task, smtp_server)) == 1


@pytest.mark.parametrize("worker_lives", [True, False])
def test_a_crash_while_emailing(
    susan: User, start_worker: StartWorker, smtp_server: HoldingMailServer, worker_lives: bool
) -> None:
    """The archive is kept. Whether the first email arrived is unknown, so it may be sent twice."""
    smtp_server.is_holding = True
    client = signed_in_client(susan)
    worker = start_worker()
    task = start_export(client, "archive")
    wait_until(lambda: smtp_server.held, what="The mail")
    archive = Archive.objects.get(task=task)
    if worker_lives:
        kill(horse_of(worker))
    else:
        kill_with_its_horse(worker)
        # Ten minutes later: so long others keep away from a mail that one has begun to send.
        Archive.objects.update(mail_due_at=timezone.now() - timedelta(minutes=1))
        start_worker()
    wait_until(lambda: smtp_server.held == 2, what="The second try")
    smtp_server.is_holding = False
    assert assert_exported(task, smtp_server, attempt=1, failures=0) == archive
    wait_until(lambda: 1 <= len(mails_of(task, smtp_server)) <= 2)
    wait_until(lambda: not temporary_files(), what="The next housekeeping")


def test_an_export_that_keeps_crashing_fails(
    client: Client, start_worker: StartWorker, smtp_server: MailServer
) -> None:
    worker = start_worker()
    task = start_export(client, "archive")
    for attempt in (1, 2, 3):
        runs(task, attempt)
        kill(horse_of(worker))
    wait_until(lambda: not Task.objects.get(pk=task.pk).is_active)
    assert_given_up(task, smtp_server, error="It was interrupted 3 times, so we gave up.")
