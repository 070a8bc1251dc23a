"""Peak memory at many posts, above that at few: of the work-horse, of serving the download, of a email with a link.

Each peak is one process's VmHWM (see `benchmarks.peak`), reset just before: a work-horse measures itself
from the start of its job to its end, the attached or linked mail included; a gunicorn worker, fresh for each
download, is measured from outside. VmHWM counts the pages of mapped files as well.
"""

import statistics
from collections.abc import Iterator
from itertools import product

import psutil
from django.urls import reverse
from django.utils import timezone

from benchmarks.bench import Bench, in_words
from benchmarks.exporting import KINDS, cost_of, export, forget
from benchmarks.figures import Figure, megabytes
from benchmarks.peak import peak_memory, reset_peak_memory
from benchmarks.servers import gunicorn, worker
from benchmarks.visitor import Visitor
from exports.delivery.sending import email_enqueue
from exports.models import Archive
from tasks.models import Task
from tests.mail_server import MailServer

ROUNDS = 3
LIMIT = 5.0  # MB

Case = tuple[str, int]
"""A kind of export, and how many posts its member has."""
Peaks = dict[Case, list[float]]


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the member with the fewest posts and the one with the most, for each kind."""
    cases = list(product(KINDS, (bench.smallest, bench.largest)))
    with worker(bench, measured=True):
        yield from compared_peaks(bench, "work-horse", {case: export_peaks(bench, *case) for case in cases})
        tasks = {(kind, size): export(bench.member(size), kind) for kind, size in cases}
    yield from compared_peaks(bench, "download", download_peaks(bench, tasks))
    yield from compared_peaks(bench, "email with a link", mail_peaks(bench, tasks))
    for task in tasks.values():
        forget(task)


def compared_peaks(bench: Bench, what: str, peaks: Peaks) -> Iterator[Figure]:
    """Yield the figures for what the largest member costs above the smallest."""
    for kind in KINDS:
        small, large = (statistics.median(peaks[kind, size]) for size in (bench.smallest, bench.largest))
        yield Figure(
            f"memory: {what}, {kind}, {in_words(bench.largest)} posts",
            bench.database,
            megabytes(large),
            f"{in_words(bench.smallest)} posts {megabytes(small)}",
            (large - small) / 1e6,
            " MB",
            LIMIT,
        )


def export_peaks(bench: Bench, kind: str, size: int) -> list[float]:
    """Return the peaks of work-horses that export for the member with this number of posts."""
    peaks = []
    for _ in range(bench.rounds(ROUNDS)):
        task = export(bench.member(size), kind)
        peaks.append(cost_of(str(task.pk))["peak_memory"])
        forget(task)
    return peaks


def download_peaks(bench: Bench, tasks: dict[Case, Task]) -> Peaks:
    """Return the peaks of gunicorn's workers, each while it serves one download."""
    with gunicorn(bench, workers=1) as (port, _pid):
        members = {task.member.username for task in tasks.values()}
        visitors = {username: Visitor(port).sign_in(username) for username in members}
    return {case: [download_peak(bench, visitors[task.member.username], task)] for case, task in tasks.items()}


def download_peak(bench: Bench, visitor: Visitor, task: Task) -> float:
    """Return the peak of a fresh gunicorn worker while the visitor downloads the task's file."""
    with gunicorn(bench, workers=1) as (port, pid):
        [serving] = psutil.Process(pid).children()
        reset_peak_memory(serving.pid)
        status = visitor.move_to(port).get(reverse("exports:download", args=[task.pk]))
        if status != 200:
            raise RuntimeError(f"The download of {task} was answered with {status}.")
        return peak_memory(serving.pid)


def mail_peaks(bench: Bench, tasks: dict[Case, Task]) -> Peaks:
    """Return the peaks of work-horses, each while it mails a link to a real SMTP server."""
    server = MailServer()
    try:
        with worker(bench, measured=True, EMAIL_URL=server.url, EXPORT_ATTACHMENT_LIMIT="1"):
            peaks = {case: [mail_peak(task)] for case, task in tasks.items()}
    finally:
        server.stop()
    if len(server.messages) != len(tasks) or any(list(mail.iter_attachments()) for mail in server.messages):
        raise RuntimeError("The mails with a link did not arrive, or had attachments.")
    return peaks


def mail_peak(task: Task) -> float:
    """Return the peak of the work-horse that mails the task's archive (again)."""
    archive = Archive.objects.get(task=task)
    Archive.objects.filter(pk=archive.pk).update(mail_due_at=timezone.now())
    email_enqueue(archive)
    return cost_of(f"mail-{archive.pk}")["peak_memory"]
