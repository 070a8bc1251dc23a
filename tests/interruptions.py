"""Ending a job's attempt at every checkpoint in turn: any job with checkpoints can be tested with it.

Each function runs the task in this process, attempt by attempt, until it is over, and returns the checkpoints.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tasks import runner
from tasks.job import Job
from tasks.models import Task, TaskStatus
from tasks.registry import JOBS
from tasks.services.attempts import attempt_worker_lost
from tasks.services.heartbeat import stop_request

MOST_ATTEMPTS = 1000


class Death(BaseException):
    """The end of a process: no job and no runner handles it."""


def interrupt_at_each_checkpoint(task: Task, *, meanwhile: Callable[[], object] = lambda: None) -> list[Any]:
    """Report the worker as stopping all the time, so that each attempt stops after its first checkpoint.

    `meanwhile` is called between two attempts.
    """
    with _stopping():
        checkpoints = list(_attempts(task, meanwhile))
    assert task.failures == 0, "An interruption must cost no attempt."
    return checkpoints


def die_before_each_checkpoint(task: Task, *, meanwhile: Callable[[], object] = lambda: None) -> list[Any]:
    """Let each process but every second die when it has saved a checkpoint, and not yet committed it."""
    doomed = iter([True, False] * MOST_ATTEMPTS)

    def save_checkpoint(job: Job, checkpoint: dict[str, Any]) -> None:
        Job.save_checkpoint(job, checkpoint)
        if next(doomed):
            raise Death

    with _replaced(task.name, save_checkpoint=save_checkpoint):
        return list(_attempts(task, meanwhile))


def die_after_each_checkpoint(task: Task, *, meanwhile: Callable[[], object] = lambda: None) -> list[Any]:
    """Let each process die at the first progress after it has committed a checkpoint."""

    def progress(job: Job, done: int, total: int | None = None) -> None:
        Job.progress(job, done, total)
        if job.reporter.has_checkpoint:
            raise Death

    with _replaced(task.name, progress=progress):
        return list(_attempts(task, meanwhile))


def run_to_its_first_checkpoint(task: Task) -> None:
    """Make an attempt that is interrupted as soon as it may be."""
    with _stopping():
        _attempt(task)


@contextmanager
def _stopping() -> Iterator[None]:
    stop_request.make()
    try:
        yield
    finally:
        stop_request.is_made = False


def _attempts(task: Task, meanwhile: Callable[[], object]) -> Iterator[Any]:
    for _ in range(MOST_ATTEMPTS):
        _attempt(task)
        if not task.is_active:
            assert task.status == TaskStatus.SUCCEEDED, task.traceback
            return
        assert task.status == TaskStatus.QUEUED, task.traceback
        yield task.checkpoint
        meanwhile()
    raise AssertionError(f"The job does not get on: it is at {task.checkpoint}")


def _attempt(task: Task) -> None:
    try:
        runner.run(str(task.pk))
    except Death:
        task.refresh_from_db()
        Task.objects.filter(pk=task.pk).update(failures=0)
        attempt_worker_lost(Task.objects.claimed_as(task), task)
    task.refresh_from_db()


@contextmanager
def _replaced(name: str, **members: Any) -> Iterator[None]:
    """Have the job behave otherwise for a while."""
    job = JOBS[name]
    JOBS[name] = type(f"{job.__name__}Double", (job,), members)
    try:
        yield
    finally:
        JOBS[name] = job
