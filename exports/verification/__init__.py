"""Verify an archive, whoever made the file: in constant memory, without database, network or a write to disk.

`container` opens the ZIP, `contents` checks what is in each file, `archive` compares it all with the manifest.
"""

from exports.verification.archive import Verified, verify_archive
from exports.verification.container import ArchiveError

__all__ = ["ArchiveError", "Verified", "verify_archive"]
