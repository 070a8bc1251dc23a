"""Verifies an archive, whoever made the file: in constant memory, without database, network or a write to disk.

`zip_directory` finds the files in the container, `container` unpacks them, `contents` counts what is in each and holds
it against the published schemas, `archive` puts it all together.
"""

from exports.verification.archive import Verified, verify_archive
from exports.verification.damage import DamagedError

__all__ = ["DamagedError", "Verified", "verify_archive"]
