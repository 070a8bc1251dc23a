"""Probe a private storage, for the deep checks of the apps that have one."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage

from core.health import Finding, failing, warning

PROBE_HINT = (
    "Give the folder to the user who runs the site, or correct VAR_DIR. For a bucket, check EXPORT_STORAGE_URL, "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: the keys need to read, write, delete and list."
)


def storage_probe(storage: Storage, *, allowed_mode: int = 0o700) -> Iterator[Finding]:
    """Write, read and delete a probe, and check who else may read the folder. Raises what the storage does."""
    name = storage.save(f"doctor-{uuid4().hex}", ContentFile(b"probe"))
    with storage.open(name) as file:
        is_same = file.read() == b"probe"
    storage.delete(name)
    if not is_same:
        yield failing("a probe came back changed", "Check for a proxy or cache in between.")
    if isinstance(storage, FileSystemStorage):
        mode = Path(storage.location).stat().st_mode & 0o777
        if mode & ~allowed_mode:
            hint = f"chmod {allowed_mode:o} {storage.location}: other users of this machine can read members' archives."
            yield warning(f"{storage.location} has mode {mode:o}", hint)
