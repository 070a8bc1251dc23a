"""The worker that `manage.py rqworker default` runs: RQ's, plus recovery and periodic work.

Where a method overrides RQ's, its docstring says what RQ 3.0 would do otherwise.
"""

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connections
from redis.exceptions import RedisError, ResponseError
from rq import Queue, worker_registration
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.utils import ensure_job_list, now
from rq.worker import RoundRobinWorker

from core.log_context import WELL_FORMED, bind_ids
from core.periodic import FREQUENT, REGULAR
from tasks.queue.client import LARGE_QUEUE_NAME, QUEUE_NAME
from tasks.queue.priority import lower_job_priority, lower_session_priority
from tasks.queue.problems import QueueProblem, problem_of
from tasks.queue.registered_jobs import job_refusal
from tasks.queue.warmup import jobs_warm_up
from tasks.services.heartbeat import STOP_SIGNAL, stop_request
from tasks.services.housekeeping import record_housekeeping
from tasks.services.recovery import (
    task_queue_refused,
    task_recover_from_worker,
    tasks_reconcile,
    work_horse_killed,
)

logger = logging.getLogger(__name__)

RESTART_PAUSE_SECONDS = 1.0
ENDING_OPTIONS = ("burst", "max_jobs", "max_idle_time")
"""Options of `rqworker` with which a worker ends by itself."""


class TaskWorker(RoundRobinWorker):
    """Reconciles and cleans up at its start, between jobs and while idle; recovers each job whose work-horse died.

    It outlives an outage of the queue server, and releases its job when it is stopped: see docs/decisions/0002. It
    takes jobs from `default` and `large` in turn: see docs/decisions/0019.
    """

    max_connection_wait_time = 5.0  # seconds between two tries to reach an unavailable server; RQ's own would be 60

    def __init__(self, queues: Any, *args: Any, **kwargs: Any) -> None:
        # RQ would send a busy worker's heartbeats every 30 s, between which it would look dead.
        super().__init__(with_large(queues), *args, **kwargs | {"job_monitoring_interval": 5})
        jobs_warm_up()
        # A work-horse's garbage collection would look at all that is loaded now, and thereby copy its memory.
        gc.collect()
        gc.freeze()
        self._reconcile_at = self._clean_at = float("-inf")  # times of the monotonic clock
        self._horse_was_stopped = False
        self._horse_was_killed = False
        self._horse_was_overdue = False
        self._problem: QueueProblem | None = None

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Work until told to stop. RQ's worker would end, with exit code 0, at many errors of the queue server."""
        worked = False
        # RQ does this after it has registered the worker: a signal in between would kill it.
        self._install_signal_handlers()  # type: ignore[no-untyped-call]
        signal.signal(STOP_SIGNAL, stop_request.make)  # work-horses inherit it
        with suppress(StopRequested, SystemExit):  # stopped at its start, or while waiting for the server
            lower_session_priority()
            while True:
                try:
                    worked = super().work(*args, **kwargs) or worked
                    if any(map(kwargs.get, ENDING_OPTIONS)):
                        break
                except RedisError as error:
                    self._note_problem(error)
                if self._shutdown_requested_date:
                    break
                logger.warning("Worker %s: its loop ended unexpectedly, and restarts", self.name)
                self._restart_loop()
        return worked

    def _restart_loop(self) -> None:
        """Take a new name: the queue server may still know the old one as alive."""
        if self.pubsub_thread:
            self.pubsub_thread.stop()
        self.executions.clear()  # RQ's loop can leave one behind, which the next work-horse would take for its own
        time.sleep(RESTART_PAUSE_SECONDS)  # between two tries to reach an unavailable server
        self.name = uuid4().hex

    def dequeue_job_and_maintain_ttl(self, *args: Any, **kwargs: Any) -> tuple[Job, Queue] | None:
        """Wait for a job, and for a server that refuses writes. RQ would end the worker, unless it is unavailable."""
        while True:
            if self._shutdown_requested_date:  # the exception of `request_stop` was lost, as all are in a finalizer
                raise StopRequested
            try:
                found = super().dequeue_job_and_maintain_ttl(*args, **kwargs)
            except ResponseError as error:
                self._note_problem(error)
                time.sleep(RESTART_PAUSE_SECONDS)
            except ValueError:  # RQ has taken it from the queue, and would end the worker
                logger.warning("Worker %s: the queue named what cannot be a job", self.name, exc_info=True)
            else:
                self._problem = None
                return found

    def _note_problem(self, error: RedisError) -> None:
        """Log a problem with the queue server once, not at every try."""
        problem = problem_of(error)
        if problem is not self._problem:
            logger.warning("Worker %s waits. %s %s", self.name, problem.what, problem.hint, exc_info=error)
        self._problem = problem

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop (SIGTERM, SIGINT) as soon as the job has ended; after EXPORT_STOP_GRACE seconds release it.

        RQ would wait for the job without limit, and write to the queue server, which may be stopping too. It would
        interrupt an idle worker by StopRequested, an ordinary exception, which logging and much else swallow.
        """
        self._shutdown_requested_date = now()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, self.request_force_stop)
        if not self.horse_pid:
            raise SystemExit
        self._stop_requested = True
        with suppress(ProcessLookupError):
            os.kill(self.horse_pid, STOP_SIGNAL)
        grace = threading.Timer(settings.EXPORT_STOP_GRACE, self._stop_horse)
        grace.daemon = True
        grace.start()

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop at once (the second signal), and release the job. RQ would exit and leave it as started."""
        if not self.horse_pid:
            raise SystemExit
        self._stop_horse()

    def _stop_horse(self) -> None:
        """Kill the work-horse alone: its process group, which RQ would kill, is ours until it has made its own."""
        if pid := self.horse_pid:
            self._horse_was_stopped = True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait, and note how the work-horse ended.

        RQ's own callback follows only if the queue server is available, and says nothing of jobs that it knows as
        ended. A work-horse gets SIGTERM from whoever stops the whole process group, such as systemd by default.
        """
        pid, status, usage = super().wait_for_horse()
        if status:
            self._horse_was_killed = True
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM:
                self._horse_was_stopped = True
        return pid, status, usage

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int | None, rusage: Any) -> None:
        """Note whether RQ has killed the work-horse, a minute after its time limit: then it knows no value.

        RQ would only log it.
        """
        self._horse_was_overdue = ret_val is None

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log what a job raised, unless it is a task's. RQ would log every failed attempt as an error.

        The runner has logged it already, and only the last one as an error, which is emailed to administrators.
        """
        if job.meta.get("task_id") != job.id:
            super().handle_exception(job, *exc_info)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Tell the queue server that worker and job are alive; if it is unavailable, keep waiting for the work-horse.

        RQ would stop waiting, and end its loop beside the living work-horse.
        """
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError:
            logger.warning("Worker %s: no queue server while job %s runs", self.name, job.id, exc_info=True)

    @property
    def dequeue_timeout(self) -> int:
        """Seconds that an idle worker waits for a job before its periodic work: RQ would wait 405."""
        return max(1, int(min(settings.EXPORT_RECONCILE_INTERVAL, settings.EXPORT_HOUSEKEEPING_INTERVAL)))

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """Return whether the reconciliation, the housekeeping or RQ's own maintenance is due."""
        return time.monotonic() >= min(self._reconcile_at, self._clean_at) or super().should_run_maintenance_tasks

    def run_maintenance_tasks(self) -> None:
        """Reconcile, do the housekeeping and RQ's own maintenance, each when it is due; RQ would do its own only."""
        if super().should_run_maintenance_tasks:
            self._maintain_queues()
        if time.monotonic() >= self._reconcile_at:
            self._reconcile_at = time.monotonic() + settings.EXPORT_RECONCILE_INTERVAL
            self._ensure_registered()
            self._safely(tasks_reconcile)
            for work in FREQUENT:
                self._safely(work)
        if time.monotonic() >= self._clean_at:
            self._clean_at = time.monotonic() + settings.EXPORT_HOUSEKEEPING_INTERVAL
            errors = {work.__name__: self._safely(work) for work in REGULAR}
            self._safely(record_housekeeping, worker=self.name, errors=errors)

    def _maintain_queues(self) -> None:
        """Have RQ clean up in the queue server. Over what it cannot read there it would end the worker, each time."""
        try:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        except (ArithmeticError, LookupError, ResponseError, TypeError, ValueError):
            logger.warning("Worker %s: the queue server holds what RQ cannot read", self.name, exc_info=True)
            self.last_cleaned_at = now()  # type: ignore[assignment]

    def handle_payload(self, message: Any) -> None:
        """Obey a command. After an invalid one, RQ would listen to no further commands."""
        try:
            super().handle_payload(message)  # type: ignore[no-untyped-call]
        except (KeyError, RecursionError, TypeError, ValueError):
            logger.warning("Worker %s: a command cannot be read", self.name, exc_info=True)

    def _ensure_registered(self) -> None:
        """Register this worker again if the queue server has lost its data: RQ registers it at its start only."""
        if not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the job in a work-horse; if that died, recover its task and its email at once. RQ would only note it.

        A job that isn't registered fails without a work-horse. If a task waits for it, that is queued again, in the
        form of this release.
        """
        if reason := job_refusal(job):
            logger.error("Worker %s: job %s from %s is refused: %s", self.name, job.id, queue.name, reason)
            self.handle_job_failure(job, queue, exc_string=f"Refused: {reason}")
            self._safely(task_queue_refused, job_id=job.id)
            return
        self._horse_was_stopped = self._horse_was_killed = self._horse_was_overdue = False
        stop_request.is_made = False  # a signal to the worker itself asks nothing of this job
        # The work-horse inherits the ids.
        with bind_ids(request=id_in(job.meta, "request_id"), task=id_in(job.meta, "task_id")):
            try:
                super().execute_job(job, queue)
            finally:
                how = {"was_stopped": self._horse_was_stopped, "was_overdue": self._horse_was_overdue}
                self._safely(task_recover_from_worker, task_id=job.id, worker=self.name, **how)
                if self._horse_was_killed:
                    self._safely(work_horse_killed.send, sender=type(self), job_id=job.id)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run the job, in the work-horse, at a lower priority than pages; a large one at a lower one than small ones.

        RQ would run all at the worker's own.
        """
        lower_job_priority(is_large=queue.name == LARGE_QUEUE_NAME)
        super().main_work_horse(job, queue)

    def _safely(self, function: Callable[..., object], **arguments: Any) -> str:
        """Call the function, and return its error's name, empty without one; no connection outlives the call.

        An error is logged, since RQ would end the worker. A connection kept open here would be shared with the next
        work-horse that is forked.
        """
        try:
            function(**arguments)
        except Exception as error:
            logger.exception("Worker %s: %s failed", self.name, function.__name__)
            return type(error).__name__
        else:
            return ""
        finally:
            connections.close_all()


def id_in(meta: dict[str, Any], name: str) -> str:
    """Return an id that a job names, for the log; empty if it isn't one, since others may have written it."""
    found = meta.get(name)
    return found if isinstance(found, str) and WELL_FORMED.fullmatch(found) else ""


def with_large(queues: Any) -> list[Any]:
    """Return the queues of a worker, with `large` if it serves `default`: operators need not name it."""
    wanted: list[Any] = ensure_job_list(queues)
    names = {queue if isinstance(queue, str) else queue.name for queue in wanted}
    return [*wanted, LARGE_QUEUE_NAME] if QUEUE_NAME in names and LARGE_QUEUE_NAME not in names else wanted
