"""A file that is being written on this machine's disk."""

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
    """The input and output of an export."""

    user: User
    output: DigestingFile
    folder: Path
    """For temporary files, on the same disk as `output`."""
    snapshot: Snapshot
    advance: Callable[[int], None]
    """Takes the number of records read so far."""
    expected: dict[str, int]
    """Kind of record -> how many the database counts."""
    watch: SpaceWatch


@contextmanager
def local_file() -> Iterator[Path]:
    """Yield the path of a new private file under `var/`, removed afterwards unless it was moved."""
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="export-", delete=False) as file:
        path = Path(file.name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
