"""Peak memory at many posts, above that at few: of the work-horse, of serving the download, of a mail with a link.

Each peak is one process's VmHWM (see `benchmarks.peak`), begun anew just before: a work-horse measures itself
from the start of its job to its end, the attached or linked mail included; a gunicorn worker, fresh for each
download, is measured from outside. VmHWM counts the pages of mapped files as well.
"""

import statistics
from collections.abc import Callable, Iterator

import psutil
from django.urls import reverse
from django.utils import timezone

from benchmarks.bench import Bench, in_words
from benchmarks.exporting import KINDS, cost_of, export, forget
from benchmarks.figures import Figure, megabytes
from benchmarks.peak import peak_memory, reset_peak_memory
from benchmarks.servers import gunicorn, worker
from benchmarks.visitor import Visitor
from exports.models import Archive, Task
from exports.services.queue import delivery_enqueue
from tests.mail_server import MailServer

ROUNDS = 3
LIMIT = 5.0  # MB

Peak = Callable[[Task], float]


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the member with the fewest posts and the one with the most, for each kind."""
    for kind in KINDS:
        with worker(bench, measured=True):
            peaks = {size: export_peaks(bench, kind, size) for size in (bench.smallest, bench.largest)}
            tasks = {size: export(bench.member(size), kind) for size in peaks}
        yield compared_peaks(bench, f"memory: work-horse, {kind}", peaks)
        yield compared_peaks(bench, f"memory: download, {kind}", download_peaks(bench, tasks))
        yield compared_peaks(bench, f"memory: mail with a link, {kind}", mail_peaks(bench, tasks))
        for task in tasks.values():
            forget(task)


def compared_peaks(bench: Bench, name: str, peaks: dict[int, list[float]]) -> Figure:
    """Return the figure for what the largest member costs above the smallest."""
    small, large = (statistics.median(peaks[size]) for size in (bench.smallest, bench.largest))
    posts = in_words(bench.largest)
    return Figure(
        f"{name}, {posts} posts",
        bench.database,
        megabytes(large),
        f"{in_words(bench.smallest)} posts {megabytes(small)}",
        (large - small) / 1e6,
        " MB",
        LIMIT,
    )


def export_peaks(bench: Bench, kind: str, size: int) -> list[float]:
    """Return the peaks of work-horses that export for the member with so many posts."""
    peaks = []
    for _ in range(bench.rounds(ROUNDS)):
        task = export(bench.member(size), kind)
        peaks.append(cost_of(str(task.pk))["peak_memory"])
        forget(task)
    return peaks


def download_peaks(bench: Bench, tasks: dict[int, Task]) -> dict[int, list[float]]:
    """Return the peaks of gunicorn's workers, by the member's posts, each while it serves one download."""
    visitors = {}
    with gunicorn(bench, workers=1) as (port, _pid):
        for size, task in tasks.items():
            visitors[size] = Visitor(port).sign_in(task.user.username)
    return {size: [download_peak(bench, visitors[size], task)] for size, task in tasks.items()}


def download_peak(bench: Bench, visitor: Visitor, task: Task) -> float:
    """Return the peak of a fresh gunicorn worker while the visitor downloads the task's file."""
    with gunicorn(bench, workers=1) as (port, pid):
        [serving] = psutil.Process(pid).children()
        reset_peak_memory(serving.pid)
        status = visitor.move_to(port).get(reverse("exports:download", args=[task.pk]))
        if status != 200:
            raise RuntimeError(f"The download of {task} was answered with {status}.")
        return peak_memory(serving.pid)


def mail_peaks(bench: Bench, tasks: dict[int, Task]) -> dict[int, list[float]]:
    """Return the peaks of work-horses, by the member's posts, each while it mails a link to a real SMTP server."""
    server = MailServer()
    try:
        with worker(bench, measured=True, EMAIL_URL=server.url, EXPORT_ATTACHMENT_LIMIT="1"):
            peaks = {size: [mail_peak(task)] for size, task in tasks.items()}
    finally:
        server.stop()
    if len(server.messages) != len(tasks) or any(list(mail.iter_attachments()) for mail in server.messages):
        raise RuntimeError("The mails with a link did not arrive, or had attachments.")
    return peaks


def mail_peak(task: Task) -> float:
    """Return the peak of the work-horse that mails the task's archive (again)."""
    archive = Archive.objects.get(task=task)
    Archive.objects.filter(pk=archive.pk).update(mail_due_at=timezone.now())
    delivery_enqueue(archive.pk)
    return cost_of(f"mail-{archive.pk}")["peak_memory"]
