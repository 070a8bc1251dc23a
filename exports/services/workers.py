"""Who is at work, and at what: asked of the queue server."""

from datetime import timedelta

from redis.exceptions import RedisError
from rq import Worker
from rq.utils import now
from rq.worker import BaseWorker

from exports.services.queue import QueueUnavailableError, queue_connection

ALIVE_FOR = timedelta(seconds=20)
"""A worker gives a sign of life about every five seconds, at work or idle; one that was killed stays registered."""


def workers_alive() -> int:
    """Return the number of workers that gave a sign of life lately: it is told to members, and never acted upon.

    Raises QueueUnavailableError.
    """
    workers = _registered()
    return sum(1 for worker in workers if worker.last_heartbeat and now() - worker.last_heartbeat < ALIVE_FOR)


def jobs_at_work() -> set[str]:
    """Return the ids of the jobs that workers are at; one that was killed counts until the server forgets it.

    Raises QueueUnavailableError.
    """
    try:
        return {job_id for worker in _registered() if (job_id := worker.get_current_job_id())}
    except RedisError as error:
        raise QueueUnavailableError(str(error)) from error


def _registered() -> list[BaseWorker]:
    try:
        return list(Worker.all(connection=queue_connection()))
    except RedisError as error:
        raise QueueUnavailableError(str(error)) from error
