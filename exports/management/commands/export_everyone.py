"""`manage.py export_everyone`: start an export for every member, for example before a site closes.

Workers build and email the exports as usual. Only a few wait in the queue at a time, so that members who request one
themselves don't wait for everyone's. The command can be stopped at any moment and run again: members who already have
their export are skipped.
"""

import signal
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection
from django.utils import timezone
from tqdm import tqdm

from exports.bulk_export import BulkExport, bulk_export_begin
from exports.export_job import export_jobs
from tasks.models import TaskStatus
from tasks.queue.client import QueueUnavailableError
from tasks.queue.workers import workers_alive

POLL_INTERVAL = 0.5  # seconds


class Command(BaseCommand):
    """`manage.py export_everyone [--kind archive] [--at-once 2] [--campaign closing] [--since TIME] [--dry-run]`."""

    help = "Starts an export for every active member, a few at a time. Run it again to go on after an interruption."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the kind of export, the pace, and the name."""
        parser.add_argument("--kind", choices=export_jobs(), default="archive", help="archive (default) or posts")
        parser.add_argument("--at-once", type=_positive, default=2, metavar="N", help="exports that wait at a time (2)")
        parser.add_argument("--campaign", default="closing", help="a name: the same one goes on, a new one begins anew")
        since = "ISO time: who has had a success since then is left out; by default the campaign's first run"
        parser.add_argument("--since", type=_moment, metavar="TIME", help=since)
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Start the exports and report; the exit status is 1 unless every member has theirs."""
        bulk_export = bulk_export_begin(
            name=options["campaign"],
            task_name=export_jobs()[options["kind"]].name,
            at_once=options["at_once"],
            since=options["since"],
        )
        self._announce(bulk_export)
        if not options["dry_run"]:
            was_stopped = self._work(bulk_export)
            self._sum_up(bulk_export, was_stopped=was_stopped)

    def _announce(self, bulk_export: BulkExport) -> None:
        members, left = bulk_export.members().count(), bulk_export.members_left()
        self.stdout.write(
            f"{members} active members, {members - left.count()} of them exported since "
            f"{bulk_export.since:%Y-%m-%d %H:%M} UTC; {left.count()} to do, {left.filter(email='').count()} of them "
            "without an email address, who can only download their export."
        )

    def _work(self, bulk_export: BulkExport) -> bool:
        """Go through the members; return whether Ctrl-C or SIGTERM stopped that."""
        reported = ""
        with tqdm(total=bulk_export.members_left().count(), unit="member", disable=None) as bar, _stoppable():
            try:
                while True:
                    is_running, problem = _step(bulk_export)
                    if problem and problem != reported:
                        bar.write(f"{problem} Ctrl-C stops.", file=self.stdout)
                    reported = problem
                    bar.update(bulk_export.ended.total() - bar.n)
                    if not is_running:
                        return False
                    time.sleep(POLL_INTERVAL)
            except KeyboardInterrupt:
                return True

    def _sum_up(self, bulk_export: BulkExport, *, was_stopped: bool) -> None:
        left = bulk_export.members_left().count()
        statuses = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED)
        counts = ", ".join(f"{bulk_export.ended[status]} {status}" for status in statuses)
        self.stdout.write(f"{counts}, {len(bulk_export.waiting)} still running; {left} members without an export.")
        for reason, number in bulk_export.reasons.most_common():
            self.stdout.write(f"{number} failed: {reason}")
        if late := bulk_export.archives().filter(mail_due_at__isnull=False).count():
            self.stdout.write(f"{late} emails are still to be sent; workers send them.")
        if was_stopped:
            raise CommandError("Stopped. Running exports continue; run the same command again for the rest.")
        if left:
            raise CommandError("Some members have no export. See Tasks in the admin, then run the command again.")


def _step(bulk_export: BulkExport) -> tuple[bool, str]:
    """Run a step; return whether there is more to do, and what blocks it."""
    try:
        is_running = bulk_export.step()
        if is_running and not workers_alive():
            return True, "No worker is running: start one with manage.py rqworker default."
    except QueueUnavailableError:
        return True, "The queue server cannot be reached: waiting for it."
    except Error:
        connection.close()  # the next step opens a new one
        return True, "The database cannot be reached: waiting for it."
    return is_running, ""


@contextmanager
def _stoppable() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no time such as 2026-11-01 or 2026-11-01T12:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.get_default_timezone())
