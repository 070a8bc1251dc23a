"""Running exports in a real worker, and forgetting them."""

import django_rq
import orjson
from rq.job import Job, JobStatus

from accounts.models import User
from benchmarks.horse import note_path
from exports.models import Archive
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tasks.services.payloads import TASK_PROGRESS
from tests.waiting import wait_until

TIMEOUT = 300  # seconds
OVER = {JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED}

KINDS = {"archive": "export_archive", "posts": "export_posts"}
"""The kinds of export, and the name of each one's task."""


def export(user: User, kind: str) -> Task:
    """Have the worker that runs make an export; return its task once the job is over, mail included."""
    task = task_launch(user=user, name=KINDS[kind])
    wait_for_job(str(task.pk))
    return succeeded(task)


def wait_for_job(job_id: str) -> Job:
    """Return the job when it is over."""
    wait_until(lambda: _job(job_id).get_status() in OVER, TIMEOUT, what=f"The end of job {job_id}")
    return _job(job_id)


def succeeded(task: Task) -> Task:
    """Return the task as it is now; raise RuntimeError unless it succeeded."""
    task.refresh_from_db()
    if task.status != TaskStatus.SUCCEEDED:
        raise RuntimeError(f"{task} is {task.status}: {task.error}\n{task.traceback or _job(str(task.pk)).exc_info}")
    return task


def seconds_of(task: Task) -> float:
    """Return the time from the claim to the archive in storage."""
    assert task.started_at is not None
    assert task.ended_at is not None
    return (task.ended_at - task.started_at).total_seconds()


def forget(task: Task) -> None:
    """Remove the task, its file and its notifications."""
    for archive in Archive.objects.filter(task=task).exclude(file=""):
        archive.file.delete(save=False)
    task.member.notifications.filter(name=TASK_PROGRESS, key=str(task.pk)).delete()
    task.delete()


def cost_of(job_id: str) -> dict[str, float]:
    """Return what a measured worker noted of the job."""
    path = note_path(job_id)
    wait_until(path.exists, TIMEOUT, what=f"The note of job {job_id}")
    note: dict[str, float] = orjson.loads(path.read_bytes())
    path.unlink()
    return note


def _job(job_id: str) -> Job:
    return Job.fetch(job_id, connection=django_rq.get_connection("default"))
