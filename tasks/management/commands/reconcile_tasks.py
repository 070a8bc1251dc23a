"""Recover the tasks whose worker died or whose job was lost, by hand.

Workers do this every few seconds, and so do the pages of the members concerned. This command shows an operator what is
done, or what would be.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.periodic import FREQUENT
from tasks.models import Task
from tasks.services.recovery import tasks_reconcile, tasks_to_reconcile


class Command(BaseCommand):
    """`manage.py reconcile_tasks [--dry-run]`."""

    help = "Queue again, or fail, the tasks whose worker died or whose job was lost; do what else is overdue."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--dry-run`."""
        parser.add_argument("--dry-run", action="store_true", help="only list the tasks that look stale")

    def handle(self, *_args: Any, dry_run: bool, **_options: Any) -> None:
        """Reconcile and say what changed."""
        if dry_run:
            self._list(tasks_to_reconcile(), "stale")
            return
        self._list(tasks_reconcile(immediately=True), "recovered")
        for work in FREQUENT:
            self.stdout.write(f"{work.__name__}: {work()}")

    def _list(self, tasks: list[Task], word: str) -> None:
        for task in tasks:
            self.stdout.write(f"{task.pk} {task.name} {task.status} attempt {task.attempt}")
        self.stdout.write(f"{len(tasks)} tasks {word}")
