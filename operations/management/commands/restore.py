"""`manage.py restore`: the way back from `manage.py backup`. Stop web server and workers first."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from operations.backup.errors import BackupError
from operations.backup.restoring import backup_check, backup_restore
from operations.doctor.secrets import masked


class Command(BaseCommand):
    """`manage.py restore BACKUP [--force] [--check]`."""

    help = "Restores a backup, after it has looked whether it is whole. Stop web server and workers first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the backup, and how."""
        parser.add_argument("backup", metavar="BACKUP", type=Path, help="a folder that manage.py backup has made")
        parser.add_argument("--force", action="store_true", help="replace what the database holds")
        parser.add_argument("--check", action="store_true", help="only look whether the backup is whole")

    def handle(self, *_args: Any, backup: Path, force: bool, check: bool, **_options: Any) -> None:
        """Check, restore, and say what is to be done next."""
        try:
            if check:
                manifest = backup_check(backup)
                self.stdout.write(f"{backup} of {manifest.created_at} is complete.")
                return
            restored = backup_restore(backup, force=force)
        except (BackupError, OSError, Error) as error:
            raise CommandError(masked(str(error))) from error
        self.stdout.write(
            f"Restored as of {restored.manifest.created_at}: {restored.manifest.counts['accounts.User']} members, "
            f"{restored.files} files put back, {restored.recovered} tasks queued again."
        )
        if restored.unapplied:
            self.stdout.write(f"Now run manage.py migrate: {', '.join(restored.unapplied)}")
        self.stdout.write("Then start the web server and workers, and run manage.py doctor.")
