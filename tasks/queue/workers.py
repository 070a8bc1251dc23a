"""Which workers are running, and what: asked of the queue server."""

import logging
from datetime import timedelta

from redis import Redis
from redis.exceptions import ResponseError
from rq import Worker
from rq.utils import as_text, now

from tasks.queue.client import asking_queue, queue_connection

logger = logging.getLogger(__name__)

ALIVE_FOR = timedelta(seconds=20)
"""A worker sends a heartbeat about every five seconds, busy or idle; one that was killed stays registered."""


class RemoteWorker(Worker):
    """A worker of any machine, as the queue server knows it."""

    job_id = ""
    """The id of the job that it runs, a task's or another; empty while it waits."""

    def refresh(self) -> None:
        """Read what the queue server knows of it, and the job that it runs."""
        super().refresh()  # type: ignore[no-untyped-call]
        self.hostname = self.hostname or ""
        self.job_id = self.get_current_job_id() or ""

    def _set_connection(self, connection: Redis) -> Redis:
        """Leave the connection as it is.

        RQ would let it wait for any answer as long as a worker waits for a job, for all its users from then on: a page
        would hang for minutes on a queue server that has stopped answering.
        """
        return connection


def workers_alive() -> int:
    """Return the number of workers that sent a heartbeat lately: for members to see, not to act upon.

    Raises QueueUnavailableError.
    """
    return len(living_workers())


def living_workers() -> list[RemoteWorker]:
    """Return the workers that sent a heartbeat lately, the oldest first. Raises QueueUnavailableError."""
    living = [worker for worker in _registered() if worker.last_heartbeat and now() - worker.last_heartbeat < ALIVE_FOR]
    return sorted(living, key=lambda worker: (worker.birth_date is None, worker.birth_date, worker.name))


def running_job_ids() -> set[str]:
    """Return the ids of the jobs that workers run; a killed worker counts until its registration expires.

    Raises QueueUnavailableError.
    """
    return {worker.job_id for worker in _registered() if worker.job_id}


@asking_queue()
def _registered() -> list[RemoteWorker]:
    """Return the workers that the queue server knows. Others can write there too: what RQ cannot read is left out."""
    connection, workers = queue_connection(), []
    for key in connection.smembers(RemoteWorker.redis_workers_keys):
        try:
            worker = RemoteWorker.find_by_key(as_text(key), connection=connection)
        except (ArithmeticError, ResponseError, TypeError, ValueError):
            logger.warning("%.200r is registered as a worker, and cannot be read as one", key, exc_info=True)
        else:
            workers.append(worker)
    return [worker for worker in workers if isinstance(worker, RemoteWorker)]
