"""`manage.py compile_translations`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.translations import compile_messages


class Command(BaseCommand):
    """Compile the translations on the machine that runs the site: Git has only their sources."""

    help = "Compiles the translations that have changed; needs no gettext. Part of every installation and upgrade."
    requires_system_checks: list[str] = []  # it runs before the database exists

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Compile, and print the number of files."""
        count = sum(compile_messages(folder) for folder in settings.LOCALE_PATHS)
        self.stdout.write(f"{count} translations compiled.")
