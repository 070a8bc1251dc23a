"""Read an uploaded file: its entries, by the rules of this site, in batches."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO, cast

import regex
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.validators import EARLIEST
from imports.archives.archive import ArchiveError, open_archive
from imports.models import Import
from imports.problems import ImportRefusedError
from imports.reader import Entry, Found, Reader, Skipped, reader_of
from imports.reasons import Reason
from posts.validators import count_characters, validate_content

BATCH_SIZE = 1000
"""Entries of one transaction; SQLite blocks other writers for it, about a tenth of a second."""
MAX_ENTRIES = 3_000_000
"""Of one file: hostile ones of a few kilobytes can claim to hold any number."""
LONGEST_MOMENT = 2 * BATCH_SIZE
"""A batch goes on to its last moment's end, so that posts of one moment can be put in order, but no further."""

CODE_POINTS_A_CHARACTER = 3
"""On average: a flag is two. Longer texts of families and stacked accents would cost exports and pages too much."""
MOST_STACKED = 1400
"""Marks on one letter, as many as a post written here can have; databases take quadratic time for more."""
STACKED = regex.compile(rf"\p{{M}}{{{MOST_STACKED + 1}}}")


class WatchedFile:
    """A file that calls `on_read` at each read: a hostile one can keep its reader busy for long before any entry."""

    def __init__(self, file: BinaryIO, on_read: Callable[[], object]) -> None:
        self._file, self._on_read = file, on_read
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read as the file does, unless `on_read` raises."""
        self._on_read()
        return self._file.read(size)


@contextmanager
def opened(upload: Import, on_read: Callable[[], object]) -> Iterator[Reader]:
    """Open an uploaded file, as `opened_file` does; `on_read` may raise what ends the attempt."""
    with stored_file(upload) as file:
        watched = cast(BinaryIO, WatchedFile(file, on_read))
        with opened_file(watched, upload.filename) as reader:
            yield reader


@contextmanager
def stored_file(upload: Import) -> Iterator[BinaryIO]:
    """Open the file of an import. Raises ImportRefusedError if it is gone."""
    if not upload.file:
        raise ImportRefusedError("no_file")
    try:
        with upload.file.open("rb") as file:
            yield cast(BinaryIO, file)
    except FileNotFoundError as error:
        raise ImportRefusedError("no_file") from error


@contextmanager
def opened_file(file: BinaryIO, name: str) -> Iterator[Reader]:
    """Open a file for the reader that recognises it. Raises ImportRefusedError, here and while it is read."""
    try:
        with open_archive(file, name) as archive:
            reader = reader_of(archive)
            if reader is None:
                raise ImportRefusedError("unknown")
            yield reader
    except ArchiveError as error:
        raise ImportRefusedError(error.code, error.params) from error


def batches_of(reader: Reader) -> Iterator[list[Entry]]:
    """Yield the entries, those that this site cannot take as Skipped, in batches that are the same at every reading.

    That holds but for the clock: a moment that was in the future may have come.
    """
    batch: list[Entry] = []
    for number, entry in enumerate(map(checked, reader.entries())):
        if number >= MAX_ENTRIES:
            raise ArchiveError("too_large_inside", detail=f"more than {MAX_ENTRIES} entries")
        if len(batch) >= BATCH_SIZE and (entry.written_at != batch[-1].written_at or len(batch) >= LONGEST_MOMENT):
            yield batch
            batch = []
        batch.append(entry)
    if batch:
        yield batch


def checked(entry: Entry) -> Entry:
    """Return the entry, as Skipped if it is a post that this site cannot take."""
    if isinstance(entry, Skipped):
        return entry
    body = entry.body.replace("\x00", "")  # no database and no form takes it
    reason, detail = _refusal(body, entry.written_at)
    if reason:
        return Skipped(reason, entry.url, entry.written_at, detail)
    return entry if body == entry.body else replace(entry, body=body)


def _refusal(body: str, written_at: datetime) -> tuple[Reason | None, str]:
    """Return why a post cannot be imported, with a detail; None if it can."""
    if not body.strip():
        return Reason.NO_TEXT, ""
    if _is_too_long(body):
        return Reason.TOO_LONG, ""
    if len(body) > MOST_STACKED and STACKED.search(body):
        return Reason.UNREADABLE, "thousands of accents on one letter"
    if not EARLIEST <= written_at <= timezone.now():
        return Reason.BAD_TIME, written_at.isoformat()
    try:
        validate_content(body)
    except ValidationError as error:
        return Reason.UNREADABLE, " ".join(error.messages)
    return None, ""


def _is_too_long(body: str) -> bool:
    limit = settings.IMPORT_BODY_LIMIT
    if len(body) <= limit:  # no character is less than a code point
        return False
    return len(body) > CODE_POINTS_A_CHARACTER * limit or count_characters(body) > limit


def in_order(entries: Iterable[Entry]) -> list[Found]:
    """Return the posts among the entries, the earliest first: posts of one moment are listed as they are inserted."""
    found = (entry for entry in entries if isinstance(entry, Found))
    return sorted(found, key=lambda post: (post.written_at, post.order))
