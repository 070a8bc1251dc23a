"""What the reading has found: the entries that this site can take, kept until they are imported.

They replace the upload as soon as it is read, so that what is private in it does not stay here.
"""

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any

import orjson
from django.conf import settings
from isal import igzip

from imports.archives.archive import ArchiveError
from imports.reader import Entry, Found, Kind, Skipped
from imports.reasons import Reason

COMPRESSION_LEVEL = 1


def entries_file() -> IO[bytes]:
    """Return a file for `kept`, on the disk of uploads. It has no name, and goes when it is closed."""
    return TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="entries-")


def kept(batches: Iterable[list[Entry]], file: IO[bytes]) -> Iterator[list[Entry]]:
    """Yield the batches, and write each to the file. Raises ArchiveError if there is no room."""
    with igzip.open(file, "wb", COMPRESSION_LEVEL) as lines:
        for batch in batches:
            if shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free < settings.EXPORT_FREE_SPACE_RESERVE:
                raise ArchiveError("too_large_inside", detail="the site has no room for it now")
            lines.write(orjson.dumps(batch) + b"\n")
            yield batch


def kept_batches(file: IO[bytes]) -> Iterator[list[Entry]]:
    """Yield the batches that `kept` has written."""
    with igzip.open(file) as lines:
        for line in lines:
            yield [_entry(fields) for fields in orjson.loads(line)]


def _entry(fields: dict[str, Any]) -> Entry:
    moment = fields["written_at"]
    fields["written_at"] = datetime.fromisoformat(moment) if moment else None
    if "body" in fields:
        return Found(**{**fields, "kind": Kind(fields["kind"])})
    return Skipped(**{**fields, "reason": Reason(fields["reason"])})
