"""Making a fault happen."""

import os
import time
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, suppress
from functools import partial
from signal import SIGCONT, SIGSTOP, Signals
from threading import Event

from django.conf import settings
from django.db import Error, connection

from e2e.chaos import servers
from e2e.chaos.recovery import SAYS_SO, Recoveries
from e2e.chaos.schedule import DATABASE_KILLED, NO_WORKER, STRIKES, Fault, Strike
from e2e.chaos.workers import Workers
from imports.services.uploads import JOBS as IMPORT_JOBS
from tasks.models import Task, TaskStatus
from tests.faults.queue_servers import QueueServer
from tests.mail_server import MailServer
from tests.postgresql import Cluster
from tests.waiting import wait_until

PATIENCE = 5.0  # seconds for something to strike at
BETWEEN_SIGNALS = 0.2  # seconds
LONGEST_DARKNESS = SAYS_SO + 10  # seconds


class Injector:
    """Strikes at the workers and the servers. Of the faults of one server, one lasts until the next."""

    def __init__(
        self, workers: Workers, queue: QueueServer, mail: MailServer, cluster: Cluster | None, recoveries: Recoveries
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.during_imports: Counter[str] = Counter()  # those of them that struck what an import ran on
        self._workers = workers
        self._recoveries = recoveries
        self._is_over = Event()
        self._lasting: list[Future[None]] = []
        # A thread for each server, which lives as long as the run: a server ends with what has started it.
        queue_thread, mail_thread, database_thread = (ThreadPoolExecutor(1) for _ in range(3))
        self._thaw_threads = ThreadPoolExecutor()
        # Who does it, how, and for how many seconds at most.
        self._server_faults: dict[str, tuple[Executor, Callable[[], AbstractContextManager[None]], float]] = {
            "queue killed": (queue_thread, partial(servers.queue_killed, queue), 5),
            "queue emptied": (queue_thread, partial(servers.queue_emptied, queue), 0),
            "queue frozen": (queue_thread, partial(servers.queue_frozen, queue), 8),
            "mail down": (mail_thread, partial(servers.mail_down, mail), 6),
            "mail refused": (mail_thread, partial(servers.mail_refused, mail), 6),
            "mail stalled": (mail_thread, partial(servers.mail_stalled, mail), 6),
            "mail dropped": (mail_thread, partial(servers.mail_dropped, mail), 3),
        }
        if cluster:
            self._server_faults[DATABASE_KILLED] = (database_thread, partial(servers.database_killed, cluster), 3)

    def inject(self, fault: Fault) -> str:
        """Do it in its time; return what came of it."""
        time.sleep(fault.pause)
        try:
            return self._inject(fault)
        except Error:  # an earlier fault has taken the database away
            connection.close()
            return "no database"

    def _inject(self, fault: Fault) -> str:
        if fault.kind == NO_WORKER:
            return self._leave_no_worker(fault)
        if fault.kind in STRIKES:
            return self._strike(fault, STRIKES[fault.kind])
        return self._server_fault(fault)

    def finish(self) -> None:
        """Return when nothing is frozen, down or refusing any more."""
        self._is_over.set()
        for future in self._lasting:
            future.result()  # what went wrong on the way is raised here
        connection.close()  # the database may have been killed since

    def _count(self, fault: Fault, tasks: Collection[Task], what: str = "") -> str:
        self.counts[fault.kind] += 1
        self.during_imports[fault.kind] += any(task.name in IMPORT_JOBS for task in tasks)
        return what

    def _server_fault(self, fault: Fault) -> str:
        if fault.kind not in self._server_faults:
            return "no such server"
        thread, make, longest = self._server_faults[fault.kind]
        tasks = list(Task.objects.filter(status=TaskStatus.RUNNING))

        def last() -> None:
            with make():
                self._is_over.wait(fault.length * longest)

        self._lasting.append(thread.submit(last))
        return self._count(fault, tasks)

    def _leave_no_worker(self, fault: Fault) -> str:
        """End every worker until all members who wait have been told."""
        wait(self._lasting)
        tasks = list(Task.objects.filter(status=TaskStatus.RUNNING))
        # How long it took is judged at the end.
        with self._workers.none_left(gently=fault.choice < 0.5), suppress(AssertionError):
            wait_until(self._recoveries.all_are_told, LONGEST_DARKNESS, interval=0.2)
        return self._count(fault, tasks)

    def _strike(self, fault: Fault, strike: Strike) -> str:
        try:
            workers = wait_until(lambda: self._targets(fault, strike), PATIENCE, interval=0.005)
        except AssertionError:
            return "nothing to strike at"
        worker = workers[int(fault.choice * len(workers))]
        time.sleep(fault.delay)
        horse = self._workers.horse_of(worker)
        tasks = self._tasks_of(worker)
        send(worker, strike.worker)
        send(horse, strike.horse)
        if strike.twice:
            time.sleep(BETWEEN_SIGNALS)
            send(worker, strike.worker)
        if strike.ends_attempt:
            self._recoveries.attempts_ended(fault.kind, tasks)
        if SIGSTOP in (strike.worker, strike.horse):
            frozen = worker if strike.worker else horse
            self._lasting.append(self._thaw_threads.submit(self._thaw, frozen, fault))
        return self._count(fault, tasks, f"worker {worker}, {', '.join(str(task) for task in tasks) or 'no task'}")

    def _targets(self, fault: Fault, strike: Strike) -> list[int]:
        """Return the workers that the fault can strike at."""
        busy = {self._workers.pid_of(task.worker) for task in Task.objects.filter(status=TaskStatus.RUNNING)}
        wanted = [pid for pid in self._workers.alive() if pid in busy or not fault.waits_for_task]
        return [pid for pid in wanted if not strike.horse or self._workers.horse_of(pid)]

    def _tasks_of(self, worker: int) -> list[Task]:
        running = Task.objects.filter(status=TaskStatus.RUNNING)
        return [task for task in running if self._workers.pid_of(task.worker) == worker]

    def _thaw(self, pid: int | None, fault: Fault) -> None:
        """Let a frozen process go on: before anybody takes it for dead, or after."""
        self._is_over.wait((0.3 + 1.5 * fault.length) * settings.EXPORT_STALE_AFTER)
        send(pid, SIGCONT)


def send(pid: int | None, signal_number: Signals | None) -> None:
    """Send a signal, if there is one, to a process that may be gone."""
    if pid and signal_number:
        with suppress(ProcessLookupError):
            os.kill(pid, signal_number)
