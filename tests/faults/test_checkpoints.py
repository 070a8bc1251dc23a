"""A job with checkpoints whose worker is killed, or stopped, at one: it resumes there, and writes each batch once."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import psutil
import pytest
from django.conf import LazySettings

from accounts.models import User
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.services.launch import task_launch
from tests.faults.horses import horse_of, reached, reaches
from tests.faults.odd_jobs import Steps, registered
from tests.waiting import LIMIT, wait_until

ODD = {"DJANGO_SETTINGS_MODULE": "tests.faults.odd_settings"}
STEPS = 3


@pytest.fixture
def held(settings: LazySettings) -> Iterator[Path]:
    """Have the job wait after each checkpoint, until the test unlinks this file."""
    path = Path(settings.VAR_DIR / Steps.HELD)
    path.touch()
    yield path
    path.unlink(missing_ok=True)


def held_at_a_checkpoint(susan: User) -> Task:
    with registered():
        task = task_launch(user=susan, name="steps", params={"steps": STEPS})
    wait_until(lambda: Task.objects.get(pk=task.pk).checkpoint, what="The first checkpoint")
    return task


def assert_written_once(task: Task, susan: User, *, failures: int) -> None:
    reaches(task, TaskStatus.SUCCEEDED, 2)
    assert task.failures == failures
    assert list(susan.posts.order_by("pk").values_list("body", flat=True)) == [f"step {n}" for n in range(STEPS)]


def test_one_that_is_killed_at_a_checkpoint_resumes_there(
    susan: User, start_worker: Callable[..., "Popen[bytes]"], held: Path
) -> None:
    worker = start_worker(**ODD)
    task = held_at_a_checkpoint(susan)
    os.kill(horse_of(worker), signal.SIGKILL)
    held.unlink()
    assert_written_once(task, susan, failures=1)


def test_one_whose_worker_is_stopped_is_interrupted_at_once_and_resumes_elsewhere(
    susan: User, start_worker: Callable[..., "Popen[bytes]"], held: Path
) -> None:
    worker = start_worker(**ODD, EXPORT_STOP_GRACE="600")
    task = held_at_a_checkpoint(susan)
    worker.terminate()
    wait_until(lambda: psutil.Process(worker.pid).num_threads() > 2, what="The signal's timer")
    held.unlink()
    assert worker.wait(LIMIT) == 0
    assert reached(task, TaskStatus.QUEUED)
    assert task.progress == 33
    assert task.events.filter(reason=Reason.INTERRUPTED, attempt=1).exists()
    start_worker(**ODD)
    assert_written_once(task, susan, failures=0)
