"""`manage.py maintenance on|off`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.maintenance import switch


class Command(BaseCommand):
    """Close the site on this machine during maintenance; open it afterwards."""

    help = "Answers every page of this machine with 503 and a few words (on), or no longer (off); needs no restart."
    requires_system_checks: list[str] = []  # the database may be what is worked on

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `on|off`."""
        parser.add_argument("state", choices=["on", "off"])

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create or delete the file, and print the new state."""
        if options["state"] == "on":
            switch().touch()
            self.stdout.write("The site is closed. Workers keep running: stop them before you work on the database.")
            return
        switch().unlink(missing_ok=True)
        if settings.MAINTENANCE:
            raise CommandError("MAINTENANCE=1 keeps the site closed. Remove it from the environment and restart.")
        self.stdout.write("The site is open.")
