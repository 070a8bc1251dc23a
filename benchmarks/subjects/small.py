"""The processor time of a small export, from its launch to its sent email, beside an RQ job that only sends an email.

Both run in the same worker and are sent to the same SMTP server, some in turn. It is the time of the worker with its
work-horses, of PostgreSQL and of the queue server, and what starting the job takes in this process.
"""

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import django_rq
import psutil
from django.db import connection

from accounts.models import User
from benchmarks.bench import Bench
from benchmarks.exporting import KINDS, forget, succeeded, wait_for_job
from benchmarks.figures import Figure, compared, in_turn
from benchmarks.load.processes import cpu_of
from benchmarks.servers import worker
from posts.models import Post
from tasks.queue.client import QUEUE_NAME
from tasks.services.launch import task_launch
from tests.mail_server import MailServer
from tests.members import make_member

ROUNDS = 3
JOBS_A_ROUND = 12  # a clock tick is 10 ms
POSTS = 300
LIMIT = 2.0


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the two."""
    user = make_member("small")
    texts = bench.member(bench.smallest).posts.values_list("body", flat=True)[:POSTS]
    Post.objects.bulk_create(Post(author=user, body=text) for text in texts)
    server = MailServer()
    try:
        with worker(bench, measured=True, EMAIL_URL=server.url) as pid:
            cost = Costs([pid, *servers()])
            export(user)
            theirs, ours = in_turn(bench.rounds(ROUNDS), lambda: cost.of(email), lambda: cost.of(lambda: export(user)))
    finally:
        server.stop()
    name = f"small: processor time of an export of {POSTS} posts, all processes"
    yield compared(name, bench.database, ours=ours, yardstick=theirs, what="an email alone", limit=LIMIT)


def servers() -> list[int]:
    """Return the process ids of the queue server, and of PostgreSQL's processes that were there before the work."""
    found = [int(django_rq.get_connection(QUEUE_NAME).info("server")["process_id"])]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = psutil.Process(cursor.fetchone()[0])
        postmaster = backend.parent()
        assert postmaster
        found += [postmaster.pid, *(child.pid for child in postmaster.children())]
    return found


class Costs:
    """Measures what processes spend on a job, with the processes that they start and that end meanwhile."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids

    def of(self, start: Callable[[], float]) -> float:
        """Do a job some times; return the seconds of processor time for each."""
        before = sum(map(cpu_of, self._pids))
        starting = sum(start() for _ in range(JOBS_A_ROUND))
        time.sleep(0.2)  # the worker's last words about the last job
        return (sum(map(cpu_of, self._pids)) - before + starting) / JOBS_A_ROUND


def export(user: User) -> float:
    """Export, and return the seconds of processor time that starting it took here."""
    began = time.thread_time()
    task = task_launch(user=user, name=KINDS["posts"])
    taken = time.thread_time() - began
    wait_for_job(str(task.pk))
    forget(succeeded(task))
    return taken


def email() -> float:
    """Have the worker send an email, and return the same."""
    began = time.thread_time()
    job = django_rq.get_queue(QUEUE_NAME).enqueue_call("benchmarks.horse.send_an_email", args=(str(uuid4()),))
    taken = time.thread_time() - began
    if not wait_for_job(job.id).is_finished:
        raise RuntimeError(f"The email was not sent: {job.exc_info}")
    return taken
