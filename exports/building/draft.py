"""A file while it is being written, on this machine's disk."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from accounts.models import User
from exports.building.snapshot import Snapshot
from exports.building.space import SpaceWatch
from exports.formats import DigestingFile


@dataclass(frozen=True)
class Draft:
    """What an export writes to, and what it reads from."""

    user: User
    output: DigestingFile
    folder: Path
    """For what waits until it is written to `output`; on the same disk."""
    snapshot: Snapshot
    advance: Callable[[int], None]
    """Takes the number of records that are read."""
    expected: dict[str, int]
    """How many records of each sort the database counts."""
    watch: SpaceWatch


@contextmanager
def local_file() -> Iterator[Path]:
    """Yield the path of a new private file under `var/`, which is gone afterwards unless it was moved."""
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="export-", delete=False) as file:
        path = Path(file.name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
