"""The queue's side of a task. The queue is a hint: what it says is never written to a row without a check."""

import enum
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from uuid import UUID, uuid4

import django_rq
from django.conf import settings
from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus

from core.log_context import request_id, task_id
from tasks.models import Task, TaskQueue
from tasks.queue.problems import QueueProblem, problem_of
from tasks.registry import RUN

QUEUE_NAME = "default"
LARGE_QUEUE_NAME = "large"
QUEUE_NAMES = {TaskQueue.SMALL.value: QUEUE_NAME, TaskQueue.LARGE.value: LARGE_QUEUE_NAME}
"""The name in RQ of each `Task.queue`. A worker of the first serves both."""
FUNCTION_TIMEOUT_SECONDS = 300
FAILURE_TTL_SECONDS = 7 * 24 * 3600  # for which the queue's own tools show a failure; RQ's default is a year
QUICK_TIMEOUT_SECONDS = 0.5


class QueueUnavailableError(Exception):
    """The queue server cannot be reached, or refuses: nothing is known, nothing was queued."""

    @property
    def problem(self) -> QueueProblem:
        """Return what is wrong with the server, as far as its answer says."""
        return problem_of(self.__cause__)


@contextmanager
def asking_queue() -> Iterator[None]:
    """Raise QueueUnavailableError in this block, or in the decorated function, for any error of redis-py's."""
    try:
        yield
    except RedisError as error:
        raise QueueUnavailableError(str(error)) from error


class JobState(enum.Enum):
    """What the queue knows of a task's job."""

    WAITING = enum.auto()
    """It will run."""
    TAKEN = enum.auto()
    """A worker has taken it from the queue, or died as it took it."""
    RUNNING = enum.auto()
    """A worker has it, or had it when it was last heard of."""
    OVER = enum.auto()
    """It finished, failed, was stopped, or is unknown: it will not run (again)."""


STATES = {
    JobStatus.CREATED: JobState.WAITING,
    JobStatus.QUEUED: JobState.WAITING,
    JobStatus.DEFERRED: JobState.WAITING,
    JobStatus.SCHEDULED: JobState.WAITING,
    JobStatus.RATE_LIMITED: JobState.WAITING,
    JobStatus.READY_TO_ENQUEUE: JobState.WAITING,
    JobStatus.STARTED: JobState.RUNNING,
    JobStatus.FINISHED: JobState.OVER,
    JobStatus.FAILED: JobState.OVER,
    JobStatus.STOPPED: JobState.OVER,
    JobStatus.CANCELED: JobState.OVER,
}


def queue_connection() -> Redis:
    """Return this process's connection to the queue server: django_rq makes a new one at each call."""
    return _connection_to(django_rq.settings.QUEUES[QUEUE_NAME]["URL"])


@cache
def _connection_to(_url: str) -> Redis:
    return django_rq.get_connection(QUEUE_NAME)


def _queue(name: str = QUEUE_NAME) -> Queue:
    return django_rq.get_queue(name, connection=queue_connection())


@asking_queue()
def task_enqueue(task: Task, *, at_front: bool = False) -> None:
    """Queue the task's job in its queue, under the task's own id; at the front, if it has waited before.

    Raises QueueUnavailableError.
    """
    _queue(QUEUE_NAMES.get(task.queue, QUEUE_NAME)).enqueue_call(
        func=RUN,
        args=(str(task.pk),),
        job_id=str(task.pk),
        timeout=settings.EXPORT_JOB_TIMEOUT,
        failure_ttl=FAILURE_TTL_SECONDS,
        at_front=at_front,
        meta={"request_id": task.request_id, "task_id": str(task.pk)},
        description=f"{task.name} for member {task.user_id}",
    )


@asking_queue()
def function_enqueue(function: str, task_pk: UUID, *, job_id: str) -> None:
    """Queue a `@background` function for a task, unless `job_id` is waiting in the queue already.

    The context says which request and task its log lines name. Raises QueueUnavailableError.
    """
    if job_state(job_id) is JobState.WAITING:
        return
    _queue().enqueue_call(
        func=function,
        args=(str(task_pk),),
        job_id=job_id,
        timeout=FUNCTION_TIMEOUT_SECONDS,
        failure_ttl=FAILURE_TTL_SECONDS,
        meta={"request_id": request_id(), "task_id": task_id()},
        description=job_id,
    )


@asking_queue()
def job_show_progress(job_id: str, progress: int) -> None:
    """Keep `job.meta["progress"]`, which RQ's own tools show.

    Not by the worker's connection, which waits longer for a server that does not answer than a heartbeat may.
    Raises QueueUnavailableError.
    """
    job = Job(job_id, connection=queue_connection())
    job.meta["progress"] = progress
    job.save_meta()


@asking_queue()
def job_remove(job_id: str) -> None:
    """Remove a job from the queue, whatever its status.

    Raises QueueUnavailableError.
    """
    with suppress(NoSuchJobError):
        Job.fetch(job_id, connection=queue_connection()).delete()


@asking_queue()
def queue_lengths() -> dict[str, int]:
    """Return how many jobs wait in each queue, by its name: those of tasks, and of `@background` functions.

    Raises QueueUnavailableError.
    """
    return {name: _queue(name).count for name in QUEUE_NAMES.values()}


@asking_queue()
def jobs_waiting() -> set[str]:
    """Return the ids of all jobs that wait, in whatever queue: to look each of very many up takes far longer.

    Raises QueueUnavailableError.
    """
    return {job_id for name in QUEUE_NAMES.values() for job_id in _queue(name).get_job_ids()}


@asking_queue()
def queue_probe() -> None:
    """Raise QueueUnavailableError unless a job could be queued: a server that answers can still refuse writes.

    It writes what RQ writes to queue a job, in one transaction that leaves nothing of it behind, and waits
    QUICK_TIMEOUT_SECONDS at most for a server that hangs: pages ask, too.
    """
    pool = queue_connection().connection_pool
    limits = {
        "socket_timeout": QUICK_TIMEOUT_SECONDS,
        "socket_connect_timeout": QUICK_TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    own = ConnectionPool(pool.connection_class, **{**pool.connection_kwargs, **limits})
    job, queue = f"rq:job:probe-{uuid4()}", f"rq:queue:probe-{uuid4()}"
    try:
        with Redis(connection_pool=own).pipeline() as pipeline:
            pipeline.hset(job, mapping={"status": JobStatus.QUEUED.value})
            pipeline.expire(job, 1)
            pipeline.rpush(queue, job)
            pipeline.delete(job, queue)
            pipeline.execute()
    finally:
        own.disconnect()


@asking_queue()
def queue_ping() -> None:
    """Raise QueueUnavailableError unless the queue server answers."""
    queue_connection().ping()


@asking_queue()
def job_state(job_id: str) -> JobState:
    """Return what the queue says of a job; a task's job has the task's id.

    Raises QueueUnavailableError.
    """
    try:
        status = Job.fetch(job_id, connection=queue_connection()).get_status(refresh=False)
    except NoSuchJobError:
        return JobState.OVER
    # Code that knows one queue only puts all jobs into that.
    in_queue = (_queue(name).get_job_position(job_id) is not None for name in QUEUE_NAMES.values())
    if status == JobStatus.QUEUED and not any(in_queue):
        return JobState.TAKEN
    return STATES[status]
