"""Whether anybody is at work: asked of the queue server, and only told to members, never acted upon."""

from datetime import timedelta

from redis.exceptions import RedisError
from rq import Worker
from rq.utils import now

from exports.services.queue import QueueUnavailableError, queue_connection

ALIVE_FOR = timedelta(seconds=20)
"""A worker gives a sign of life about every five seconds, at work or idle; one that was killed stays registered."""


def workers_alive() -> int:
    """Return the number of workers that gave a sign of life lately.

    Raises QueueUnavailableError.
    """
    try:
        workers = Worker.all(connection=queue_connection())
    except RedisError as error:
        raise QueueUnavailableError(str(error)) from error
    return sum(1 for worker in workers if worker.last_heartbeat and now() - worker.last_heartbeat < ALIVE_FOR)
