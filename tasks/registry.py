"""The jobs and functions that workers run."""

from collections.abc import Callable
from typing import TypeVar

from tasks.job import Job
from tasks.models import Task

RUN = "tasks.runner.run"
"""The function that RQ calls for every task; its argument is the task's id."""

JOBS: dict[str, type[Job]] = {}
FUNCTIONS: set[str] = {RUN}
EARLIER_NAMES: dict[str, str] = {}
"""What an earlier release queued, and the function to call instead; the app that it belonged to says so."""

AnyJob = TypeVar("AnyJob", bound=type[Job])
Function = TypeVar("Function", bound=Callable[[str], None])


def register(job: AnyJob) -> AnyJob:
    """Make a kind of job known: `@register` on its class, in a module `jobs` of an app."""
    if not hasattr(job, "description"):
        job.description = job.label
    JOBS[job.name] = job
    return job


def background(function: Function) -> Function:
    """Let workers call a function that is no task, such as one that sends an email; its argument is a task's id."""
    FUNCTIONS.add(f"{function.__module__}.{function.__qualname__}")
    return function


def task_is_known(task: Task) -> bool:
    """Return whether this code can run the task: its row may be older than the code, or newer."""
    try:
        JOBS[task.name].read_params(task.params)
    except (KeyError, TypeError, ValueError):
        return False
    return True


def failure_text_of(task: Task) -> str:
    """Return why the task failed, in the reader's language; rows of earlier releases have a text only."""
    job = JOBS.get(task.name, Job)
    return job.failure_text(task.error_code, task.error_params) or task.error


def function_named(name: object) -> str | None:
    """Return the dotted path of the function that a job in the queue names; None if workers may not run it."""
    path = EARLIER_NAMES.get(name, name) if isinstance(name, str) else None
    return path if path in FUNCTIONS else None
