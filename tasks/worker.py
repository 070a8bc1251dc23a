"""The worker that `manage.py rqworker default` runs: RQ's, plus the care of what deaths and time leave behind."""

import gc
import logging
import os
import signal
import threading
import time
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
from rq.serializers import JSONSerializer
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

MONITORING_INTERVAL = 5  # seconds between the signs of life of a worker at a job
RESTART_PAUSE_SECONDS = 1.0
ENDING_OPTIONS = ("burst", "max_jobs", "max_idle_time")
"""Options of `rqworker` with which a worker ends by itself."""


class TaskWorker(RoundRobinWorker):
    """Reconciles and cleans up at its start, between jobs and while idle; after each job looks whether it died.

    It comes back by itself when the queue server was away, and hands a job back rather than lose it when it is
    stopped: see docs/decisions/0002. Of `default` and `large` it takes a job in turn: see docs/decisions/0019.
    """

    max_connection_wait_time = 5.0  # seconds between two tries to reach a server that is away; RQ's own would be 60

    def __init__(self, queues: Any, *args: Any, **kwargs: Any) -> None:
        # `rqworker` has no options for the intervals, and its default for the serializer is pickle.
        ours = {
            "maintenance_interval": 60,
            "job_monitoring_interval": MONITORING_INTERVAL,
            "serializer": JSONSerializer,
        }
        super().__init__(with_large(queues), *args, **{**kwargs, **ours})
        jobs_warm_up()
        # What is there now is there to stay: no work-horse's garbage collection shall look at it, and thereby copy it.
        gc.collect()
        gc.freeze()
        self._reconciled_at = float("-inf")
        self._cleaned_at = float("-inf")
        self._is_told_to_end = False
        self._horse_was_stopped = False
        self._horse_was_killed = False
        self._horse_was_overdue = False
        self._problem: QueueProblem | None = None

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Work until it is told to stop. RQ's own loop also ends when the queue server fails at a bad moment."""
        worked = False
        # RQ does this after it has registered the worker: one that is stopped in between would be killed.
        self._install_signal_handlers()  # type: ignore[no-untyped-call]
        signal.signal(STOP_SIGNAL, stop_request.make)  # work-horses inherit it
        with suppress(StopRequested, SystemExit):  # told to end at its start, or while waiting for the server
            lower_session_priority()
            while True:
                try:
                    worked = super().work(*args, **kwargs) or worked
                    if any(map(kwargs.get, ENDING_OPTIONS)):
                        break
                except RedisError as error:
                    self._note_problem(error)
                if self._is_told_to_end:
                    break
                logger.warning("Worker %s: its loop ended unasked, and begins anew", self.name)
                self._restart_loop()
        return worked

    def _restart_loop(self) -> None:
        """Take a new name: the queue server may still know the old one as alive."""
        if self.pubsub_thread:
            self.pubsub_thread.stop()
        self.executions.clear()  # RQ's loop can leave one behind, which the next work-horse would take for its own
        time.sleep(RESTART_PAUSE_SECONDS)  # only between two tries to reach a server that is away
        self.name = uuid4().hex

    def dequeue_job_and_maintain_ttl(self, *args: Any, **kwargs: Any) -> tuple[Job, Queue] | None:
        """Wait for a job. If the server refuses to work, wait for it too: RQ waits for one that is away only."""
        while True:
            try:
                found = super().dequeue_job_and_maintain_ttl(*args, **kwargs)
            except ResponseError as error:
                self._note_problem(error)
                time.sleep(RESTART_PAUSE_SECONDS)
            except ValueError:  # RQ has taken it from the queue, and would end the loop over it
                logger.warning("Worker %s: the queue named what cannot be a job", self.name, exc_info=True)
            else:
                self._problem = None
                return found

    def _note_problem(self, error: RedisError) -> None:
        """Log what is wrong with the queue server: once, not at every try."""
        problem = problem_of(error)
        if problem is not self._problem:
            logger.warning("Worker %s waits. %s %s", self.name, problem.what, problem.hint, exc_info=error)
        self._problem = problem

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop (SIGTERM, SIGINT) as soon as the job has ended; after EXPORT_STOP_GRACE seconds hand it back.

        Unlike RQ's, this asks the queue server nothing: it may be on its way down too. An idle worker is interrupted by
        SystemExit, since logging and many others swallow StopRequested, which is an ordinary exception.
        """
        self._is_told_to_end = True
        self._shutdown_requested_date = now()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, self.request_force_stop)
        if not self.horse_pid:
            raise SystemExit
        self._stop_requested = True
        with suppress(ProcessLookupError):
            os.kill(self.horse_pid, STOP_SIGNAL)
        self._start_grace()

    def _start_grace(self) -> None:
        grace = threading.Timer(settings.EXPORT_STOP_GRACE, self._stop_horse)
        grace.daemon = True
        grace.start()

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop at once (the second signal): the job is handed back. RQ's would leave it behind."""
        if not self.horse_pid:
            raise SystemExit
        self._stop_horse()

    def _stop_horse(self) -> None:
        """End the work-horse. What it has beside itself ends with it."""
        if pid := self.horse_pid:
            self._horse_was_stopped = True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait, and note how the work-horse ended: what RQ does next needs the queue server, which may be away.

        SIGTERM comes from whoever stops the whole group, us included.
        """
        pid, status, usage = super().wait_for_horse()
        if status:
            self._horse_was_killed = True
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM:
                self._horse_was_stopped = True
        return pid, status, usage

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int | None, rusage: Any) -> None:
        """Note whether RQ has killed the work-horse, a minute after its time was over: then it knows no value."""
        self._horse_was_overdue = ret_val is None

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log what a job raised, unless it is a task: the runner has done so, as loud as it deserves."""
        if job.meta.get("task_id") != job.id:
            super().handle_exception(job, *exc_info)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Tell the queue server that worker and job are alive; if it is away, go on waiting for the work-horse.

        RQ would leave the work-horse alone, and count it as ended.
        """
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError:
            logger.warning("Worker %s: the queue server is away while job %s runs", self.name, job.id, exc_info=True)

    @property
    def dequeue_timeout(self) -> int:
        """Seconds an idle worker waits for a job before it looks after the others: RQ's own would be 405."""
        return max(1, int(min(settings.EXPORT_RECONCILE_INTERVAL, settings.EXPORT_HOUSEKEEPING_INTERVAL)))

    @property
    def connection_timeout(self) -> int:
        """Seconds after which a silent connection counts as broken."""
        return self.dequeue_timeout + 10

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """Return whether RQ's own maintenance, our reconciliation or our housekeeping is due, or the end."""
        is_due = self._reconciliation_is_due or self._housekeeping_is_due or super().should_run_maintenance_tasks
        return self._is_told_to_end or is_due

    @property
    def _reconciliation_is_due(self) -> bool:
        return time.monotonic() - self._reconciled_at >= settings.EXPORT_RECONCILE_INTERVAL

    @property
    def _housekeeping_is_due(self) -> bool:
        return time.monotonic() - self._cleaned_at >= settings.EXPORT_HOUSEKEEPING_INTERVAL

    def run_maintenance_tasks(self) -> None:
        """Reconcile, clean up, and do RQ's own maintenance, each when it is due; end, if that was asked."""
        if self._is_told_to_end:
            raise StopRequested
        if super().should_run_maintenance_tasks:
            self._maintain_queues()
        if self._reconciliation_is_due:
            self._reconciled_at = time.monotonic()
            self._ensure_registered()
            self._safely(tasks_reconcile)
            for work in FREQUENT:
                self._safely(work)
        if self._housekeeping_is_due:
            self._cleaned_at = time.monotonic()
            errors = {work.__name__: self._safely(work) for work in REGULAR}
            self._safely(record_housekeeping, worker=self.name, errors=errors)

    def _maintain_queues(self) -> None:
        """Have RQ clean up in the queue server. What it cannot read there it would end over, each time."""
        try:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        except (ArithmeticError, LookupError, ResponseError, TypeError, ValueError):
            logger.warning("Worker %s: the queue server holds what RQ cannot read", self.name, exc_info=True)
            self.last_cleaned_at = now()  # type: ignore[assignment]

    def handle_payload(self, message: Any) -> None:
        """Do what a command asks for. RQ would listen to no further one after one that is none."""
        try:
            super().handle_payload(message)  # type: ignore[no-untyped-call]
        except (KeyError, RecursionError, TypeError, ValueError):
            logger.warning("Worker %s: a command cannot be read", self.name, exc_info=True)

    def _ensure_registered(self) -> None:
        """Have the queue server know this worker, also after it has lost its data."""
        if not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the job in a work-horse; if that died without a word, recover its task and its mail at once.

        A job that is not registered is failed, and never gets a work-horse.
        """
        if reason := job_refusal(job):
            self._refuse(job, queue, reason)
            return
        self._horse_was_stopped = self._horse_was_killed = self._horse_was_overdue = False
        stop_request.is_made = self._is_told_to_end
        if self._is_told_to_end:  # just as the job was taken
            self._start_grace()
        # The work-horse inherits it.
        with bind_ids(request=id_in(job.meta, "request_id"), task=id_in(job.meta, "task_id")):
            try:
                super().execute_job(job, queue)
            finally:
                how = {"was_stopped": self._horse_was_stopped, "was_overdue": self._horse_was_overdue}
                self._safely(task_recover_from_worker, task_id=job.id, worker=self.name, **how)
                if self._horse_was_killed:
                    self._safely(work_horse_killed.send, sender=type(self), job_id=job.id)

    def _refuse(self, job: Job, queue: Queue, reason: str) -> None:
        """Fail a job that must not be performed. If a task waits for it, queue that again, in the form of today."""
        logger.error("Worker %s: job %s from %s is refused: %s", self.name, job.id, queue.name, reason)
        self.handle_job_failure(job, queue, exc_string=f"Refused: {reason}")
        self._safely(task_queue_refused, job_id=job.id)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Do the job, in the work-horse, whenever pages leave a processor; a large one, when small ones do as well."""
        lower_job_priority(is_large=queue.name == LARGE_QUEUE_NAME)
        super().main_work_horse(job, queue)

    def _safely(self, care: Any, **arguments: Any) -> str:
        """Call `care`, and return its error's name, empty without one; no connection outlives the call.

        An error is logged, since RQ would quit over it. A connection kept open here would be shared with the next
        work-horse that is forked.
        """
        try:
            care(**arguments)
        except Exception as error:
            logger.exception("Worker %s: %s failed", self.name, care.__name__)
            return type(error).__name__
        else:
            return ""
        finally:
            connections.close_all()


def id_in(meta: dict[str, Any], name: str) -> str:
    """Return an id that a job names, for the log; empty if it is none: the log is no place for a stranger's words."""
    found = meta.get(name)
    return found if isinstance(found, str) and WELL_FORMED.fullmatch(found) else ""


def with_large(queues: Any) -> list[Any]:
    """Return the queues of a worker, with `large` if it serves `default`: an operator need not know of it."""
    wanted: list[Any] = ensure_job_list(queues)
    names = {queue if isinstance(queue, str) else queue.name for queue in wanted}
    return [*wanted, LARGE_QUEUE_NAME] if QUEUE_NAME in names and LARGE_QUEUE_NAME not in names else wanted
