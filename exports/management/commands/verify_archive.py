"""Check that an archive is complete and unchanged, whoever made the file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from tqdm import tqdm

from exports.verification import ArchiveError, Verified, verify_archive


class Command(BaseCommand):
    """`manage.py verify_archive FILE`."""

    help = "Check an archive's files, counts and schemas. Says in one line what is wrong, with exit status 1."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("file", type=Path, help="the archive, a ZIP")

    def handle(self, *_args: Any, file: Path, **_options: Any) -> None:
        """Read the file from end to end; write nothing."""
        try:
            verified = self._verify(file)
        except ArchiveError as error:
            raise CommandError(f"{file} is damaged: {error}.") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        self.stdout.write(f"{file} is sound: {_summary(verified)}")
        if verified.is_repacked:
            self.stdout.write("It was repacked after it left the site; its contents are unchanged.")

    def _verify(self, file: Path) -> Verified:
        if file.exists() and not file.is_file():
            raise CommandError(f"{file} is not a file. Name an archive, such as microblog-susan-2026-11-23.zip.")
        with tqdm(unit="B", unit_scale=True, disable=None, leave=False) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            return verify_archive(file, show)


def _summary(verified: Verified) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in verified.counts.items() if count or name == "skipped")
    size = filesizeformat(verified.size).replace("\xa0", " ")
    return f"{counts}; {verified.files:,} files, {size}; as of {verified.snapshot_at}."
