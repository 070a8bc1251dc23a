"""Who is at work, and at what: asked of the queue server."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Worker
from rq.utils import as_text, now
from rq.worker import BaseWorker

from tasks.queue.client import QueueUnavailableError, queue_connection

logger = logging.getLogger(__name__)

ALIVE_FOR = timedelta(seconds=20)
"""A worker gives a sign of life about every five seconds, at work or idle; one that was killed stays registered."""


class RemoteWorker(Worker):
    """A worker as others see it.

    RQ's own has the connection wait for any answer as long as a worker waits for a job, for whoever uses it from then
    on: a page would hang for minutes on a queue server that has fallen silent.
    """

    def _set_connection(self, connection: Redis) -> Redis:
        """Leave the connection as it is."""
        return connection


@dataclass(frozen=True)
class LivingWorker:
    """A worker that gave a sign of life lately."""

    name: str
    hostname: str
    pid: int | None
    queues: tuple[str, ...]
    since: datetime | None
    job_id: str
    """What it is at: a task's id, or another job's; empty while it waits."""


def workers_alive() -> int:
    """Return the number of workers that gave a sign of life lately: it is told to members, and never acted upon.

    Raises QueueUnavailableError.
    """
    return sum(map(_is_alive, _registered()))


def living_workers() -> list[LivingWorker]:
    """Return the same workers, the oldest first, each with what it is at: for staff to look at.

    Raises QueueUnavailableError.
    """
    try:
        living = [_described(worker) for worker in _registered() if _is_alive(worker)]
    except RedisError as error:
        raise QueueUnavailableError(str(error)) from error
    return sorted(living, key=lambda worker: (worker.since is None, worker.since, worker.name))


def running_job_ids() -> set[str]:
    """Return the ids of the jobs that workers are at; one that was killed counts until the server forgets it.

    Raises QueueUnavailableError.
    """
    try:
        return {job_id for worker in _registered() if (job_id := worker.get_current_job_id())}
    except RedisError as error:
        raise QueueUnavailableError(str(error)) from error


def _is_alive(worker: BaseWorker) -> bool:
    return worker.last_heartbeat is not None and now() - worker.last_heartbeat < ALIVE_FOR


def _described(worker: BaseWorker) -> LivingWorker:
    return LivingWorker(
        name=worker.name,
        hostname=worker.hostname or "",
        pid=worker.pid,
        queues=tuple(worker.queue_names()),
        since=worker.birth_date,
        job_id=worker.get_current_job_id() or "",
    )


def _registered() -> list[BaseWorker]:
    """Return the workers that the queue server knows. Others can write there too, and RQ fails at what is no worker."""
    connection = queue_connection()
    try:
        keys = connection.smembers(RemoteWorker.redis_workers_keys)
        return [worker for key in keys if (worker := _read(key, connection))]
    except RedisError as error:
        raise QueueUnavailableError(str(error)) from error


def _read(key: bytes | str, connection: Redis) -> BaseWorker | None:
    try:
        worker = RemoteWorker.find_by_key(as_text(key), connection=connection)
        if worker:
            worker.get_current_job_id()
    except (ArithmeticError, ResponseError, TypeError, ValueError):
        logger.warning("%.200r is registered as a worker, and cannot be read as one", key, exc_info=True)
        return None
    return worker
