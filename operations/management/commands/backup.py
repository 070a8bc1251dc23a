"""`manage.py backup`: database and archives as of one moment, while the site runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.template.defaultfilters import filesizeformat
from tqdm import tqdm

from operations.backup.errors import BackupError
from operations.backup.making import backup_make
from operations.backup.manifest import Manifest
from operations.doctor.secrets import masked


class Command(BaseCommand):
    """`manage.py backup DIR [--keep N] [--archives copy|list]`."""

    help = "Makes a backup in a new folder inside DIR. Take it to another machine: a disk does not outlive itself."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add where to, how many, and what of the archives."""
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--keep", type=int, metavar="N", help="remove the oldest then, so that N are left")
        what = "copy archives into it (as files on a disk are by default), or only look whether they are in the storage"
        parser.add_argument("--archives", choices=["copy", "list"], help=what)

    def handle(self, *_args: Any, folder: Path, **options: Any) -> None:
        """Make it, and say what is in it; end with 1 if the storage has lost something."""
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("--keep takes a number above 0.")
        copy = options["archives"] and options["archives"] == "copy"
        try:
            with tqdm(unit="file", disable=None, leave=False) as bar:

                def show(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                target, manifest = backup_make(folder, keep=options["keep"], copy=copy, progress=show)
        except (BackupError, OSError, Error) as error:
            raise CommandError(masked(f"No backup was made. {error}")) from error
        self.stdout.write(f"{target}: {_in_words(target, manifest)}")
        self._complain(manifest)

    def _complain(self, manifest: Manifest) -> None:
        lost = manifest.in_state("missing", "damaged")
        for file in lost:
            self.stderr.write(f"{file.name} is {file.state} in the storage")
        if lost:
            raise CommandError(f"The backup is complete except for {len(lost)} files that the storage has lost.")


def _in_words(target: Path, manifest: Manifest) -> str:
    size = filesizeformat((target / manifest.database).stat().st_size).replace("\xa0", " ")
    copied, listed = (len(manifest.in_state(state)) for state in ("copied", "listed"))
    users = manifest.counts["accounts.User"]
    return f"database of {size} with {users} members; {copied} archives copied, {listed} left in the storage"
