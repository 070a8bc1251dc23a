"""Import a member's archive from a file on this machine, as the pages of imports do."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.urls import reverse
from tqdm import tqdm

from accounts.models import User
from imports.models import Import, Stage
from imports.problems import ImportRefusedError, problem_text
from imports.reader import Entry, Kind
from imports.reasons import Reason
from imports.services.entries import entries_file, kept, kept_batches
from imports.services.preview import Preview
from imports.services.reading import batches_of, opened_file
from imports.services.uploads import JOBS, import_finish, import_report
from imports.services.writing import START, write_batch
from tasks.models import Task

KINDS = [Kind.PUBLIC.value, Kind.THREAD.value]


class Command(BaseCommand):
    """`manage.py import_posts <username> <file> [--dry-run]`."""

    help = (
        "Import the public posts of a member's archive: of Mastodon, Pixelfed, X, Bluesky, Misskey or Microblog, "
        'or of JSON lines, {"timestamp": ISO 8601 with offset, "body": text} each.'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the member, the file, and --dry-run."""
        parser.add_argument("username")
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would be imported, and change nothing")

    def handle(self, *_args: Any, username: str, file: Path, dry_run: bool, **_options: Any) -> None:
        """Show the preview, import the posts, and show the report."""
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"No member is called {username!r}. Sign up, run seed_demo or name another member.")
        if Task.objects.active().filter(user=user, name__in=JOBS).exists():
            raise CommandError(f"{username} has an import in progress. Wait until it has ended, or cancel its task.")
        try:
            content = file.open("rb")
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}. Name another file.") from error
        upload = Import(user=user, filename=file.name[-255:], size=file.stat().st_size, stage=Stage.IMPORTING)
        with content, entries_file() as entries:
            try:
                self._preview(upload, content, entries)
                if not dry_run:
                    self._import(upload, entries)
            except ImportRefusedError as error:
                raise CommandError(f"{file}: {problem_text(error.failure.code, error.failure.params)}") from error

    def _preview(self, upload: Import, content: BinaryIO, entries: IO[bytes]) -> None:
        with opened_file(content, upload.filename) as reader:
            preview = Preview(upload, reader.source)
            for batch in watched(kept(batches_of(reader), entries), "Reading", reader.expected() or None):
                preview.add(batch)
            upload.source, upload.owner = reader.source, reader.owner()[:255]
            upload.preview = found = preview.as_json(reader)
        self.stdout.write(f"{upload.source} {upload.owner}".strip())
        self.stdout.write(f"New posts: {counted(found['kinds'])}")
        self.stdout.write(f"By year: {counted(found['years'])}")
        self.stdout.write(f"Already here: {found['known']}")
        self.stdout.write(f"Left out: {counted(in_words(found['left_out']))}")

    def _import(self, upload: Import, entries: IO[bytes]) -> None:
        """Write batch by batch. An interrupted import keeps its posts; it can be undone, or run again for the rest."""
        upload.choices = {"kinds": KINDS, "profile": False, "follows": False}
        upload.save(force_insert=True)
        position = START
        try:
            entries.seek(0)
            for batch in watched(kept_batches(entries), "Importing", upload.preview["total"]):
                with transaction.atomic():
                    position = write_batch(upload, batch, position)
        finally:
            report = import_report(upload, position)
            import_finish(upload, report)
        self.stdout.write(f"{report['imported']} posts imported, {report['known']} were already here")
        self.stdout.write(f"Left out: {counted(in_words(report['left_out']))}")
        self.stdout.write(f"{upload.user} can undo this at {reverse('imports:import', args=[upload.pk])}")


def watched(batches: Iterator[list[Entry]], what: str, total: int | None) -> Iterator[list[Entry]]:
    """Yield the batches, and move a progress bar on a terminal."""
    with tqdm(desc=what, total=total, unit="entry", disable=None) as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch))


def in_words(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts with the reasons as members read them."""
    return {str(Reason(reason).label): count for reason, count in counts.items()}


def counted(counts: Mapping[str, int]) -> str:
    """Return the sum and what it is made of, such as `3 (public: 2, reply: 1)`."""
    parts = ", ".join(f"{name}: {count}" for name, count in counts.items())
    return f"{sum(counts.values())} ({parts})" if parts else "0"
