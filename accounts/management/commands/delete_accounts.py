"""Erase the members whose accounts are due for deletion.

Workers do this every minute. The command is for operators who want to run it now, or to see what it would erase.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.closing.erasure import accounts_due, accounts_erase


class Command(BaseCommand):
    """`manage.py delete_accounts [--dry-run]`."""

    help = "Erase the accounts whose members asked for it and can no longer undo it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--dry-run`."""
        parser.add_argument("--dry-run", action="store_true", help="only list the members")

    def handle(self, *_args: Any, dry_run: bool, **_options: Any) -> None:
        """Erase, and list who is left: a worker is busy for them, or the storage or the queue server is unavailable."""
        erased = 0 if dry_run else accounts_erase()
        for user in accounts_due():
            self.stdout.write(f"{user.pk} {user.username} due {user.deletion_due_at:%Y-%m-%d %H:%M} UTC")
        left = accounts_due().count()
        self.stdout.write(f"{left} members due" if dry_run else f"{erased} members erased, {left} left for later")
