"""The attachment of an archive's email: its file, a compressed copy, or none."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from exports.building.space import local_file
from exports.models import Archive

ZIP = "application/zip"

MAX_EXCESS = 10
"""Compression is tried for files up to this many times the limit: posts shrink to about a quarter."""

CHUNK = 256 * 1024  # bytes


@dataclass(frozen=True)
class Attachment:
    """A file in an email."""

    filename: str
    content_type: str
    content: bytes
    compressed: bool = False

    @property
    def size(self) -> int:
        """Return the number of bytes, before the email's own encoding."""
        return len(self.content)


def archive_attachment(archive: Archive) -> Attachment | None:
    """Return the archive's file, compressed if only that stays under EXPORT_ATTACHMENT_LIMIT; None if nothing does."""
    limit = settings.EXPORT_ATTACHMENT_LIMIT
    if archive.size <= limit:
        with archive.file.open("rb") as file:
            return Attachment(archive.filename, archive.content_type, file.read())
    if archive.content_type == ZIP or archive.size > MAX_EXCESS * limit:
        return None
    with local_file() as path:
        if not _compress(archive, path, limit):
            return None
        return Attachment(f"{archive.filename}.zip", ZIP, path.read_bytes(), compressed=True)


def _compress(archive: Archive, path: Path, limit: int) -> bool:
    """Write a ZIP with the archive's file to `path`; return False, having stopped early, if it exceeds `limit`."""
    # With the time of the snapshot, a retried email carries the same bytes.
    member = zipfile.ZipInfo(archive.filename, archive.snapshot_at.timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    with (
        path.open("wb") as output,
        zipfile.ZipFile(output, "w") as compressed,
        archive.file.open("rb") as file,
        compressed.open(member, "w") as content,
    ):
        while chunk := file.read(CHUNK):
            content.write(chunk)
            if output.tell() > limit:
                return False
    return path.stat().st_size <= limit
