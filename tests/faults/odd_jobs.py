"""Jobs that no part of the site queues, for workers to stumble upon: registered like ours, but by tests alone.

A real worker knows them with DJANGO_SETTINGS_MODULE=tests.faults.odd_settings; the test's own process by `registered`.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import transaction

from accounts.models import User
from tasks.job import Job, Result
from tasks.registry import FUNCTIONS, JOBS, background, register
from tests.waiting import wait_until

NAMES = ("divide_by_zero", "rename_first_member", "root_of_minus_one", "sleep")


def path_of(name: str) -> str:
    """Return what a job of that name calls."""
    return f"{__name__}.{name}"


@contextmanager
def registered() -> Iterator[None]:
    """Have this process perform them for a while."""
    register_all()
    try:
        yield
    finally:
        del JOBS[Deaf.name], JOBS[Steps.name]
        FUNCTIONS.difference_update(map(path_of, NAMES))


def register_all() -> None:
    """Have this process perform them."""
    register(Deaf)
    register(Steps)
    for function in (divide_by_zero, root_of_minus_one, rename_first_member, sleep):
        background(function)


class Deaf(Job):
    """Work for the seconds that the task names, and take the time-out for one of many errors."""

    name = label = description = "deaf"

    def run(self) -> Result:
        end = time.monotonic() + self.task.params["seconds"]
        while time.monotonic() < end:
            with suppress(Exception):
                wait_until(lambda: time.monotonic() >= end, timeout=3600, interval=0.1)
        return Result(done=1)


class Steps(Job):
    """Write a post for each step, with a checkpoint; wait there while a file of this name is in VAR_DIR."""

    name = label = description = "steps"
    HELD = "steps-are-held"

    def run(self) -> Result:
        steps = self.task.params["steps"]
        done = (self.task.checkpoint or {"done": 0})["done"]
        while done < steps:
            self.progress(done, steps)
            with transaction.atomic():
                self.task.member.posts.create(body=f"step {done}")
                done += 1
                self.save_checkpoint({"done": done})
            wait_until(lambda: not (settings.VAR_DIR / self.HELD).exists(), what="The end of the wait")
        return Result(done=steps)


def divide_by_zero(_task_id: str) -> None:
    divmod(1, 0)


def root_of_minus_one(_task_id: str) -> None:
    raise ValueError("A negative number has no root")


def rename_first_member(_task_id: str) -> None:
    User.objects.update(username="anna")


def sleep(_task_id: str) -> None:
    """Wait for a signal: it ends when it is killed."""
    signal.pause()
