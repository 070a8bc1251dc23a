"""The storage of archives: a probe goes in, comes out the same, and goes."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.db import DatabaseError

from exports.models import Archive
from exports.models.archive import exports_storage
from exports.storage.files import file_exists, file_remove
from operations.doctor.findings import Finding, fail, in_a_line, ok, warn

NEWEST = 20  # files that are looked for
OTHERS = 0o077  # the permissions of everybody but the owner
STRANGERS = 0o007  # ...and of everybody but the group, which nginx belongs to if it sends the archives
REMEDY = (
    "Give the folder to the user who runs the site (or correct VAR_DIR); for a bucket, check EXPORT_STORAGE_URL, "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: the keys need to read, write, delete and list."
)


def check_archive_storage() -> Iterator[Finding]:
    """Try the storage, look at who may read it, and whether the newest archives are in it."""
    storage = exports_storage()
    place = _place(storage)
    step = "written"
    name = ""
    try:
        name = storage.save(f"doctor-{uuid4().hex}/probe", ContentFile(b"probe"))
        step = "read"
        with storage.open(name) as file:
            is_same = file.read() == b"probe"
        step = "deleted"
        file_remove(storage, name)
    except Exception as error:  # whatever a storage raises
        yield fail("archive storage", f"{place}: a probe could not be {step}: {in_a_line(error)}", REMEDY)
        return
    if not is_same:
        yield fail("archive storage", f"{place}: a probe came back changed", "Check for a proxy or cache in between.")
    yield ok("archive storage", f"{place}: written, read, deleted")
    yield from _permissions(storage)
    yield from _newest()


def _place(storage: Storage) -> str:
    if isinstance(storage, FileSystemStorage):
        return str(storage.location)
    return f"bucket {getattr(storage, 'bucket_name', '?')} at {getattr(storage, 'endpoint_url', '?')}"


def _permissions(storage: Storage) -> Iterator[Finding]:
    if isinstance(storage, FileSystemStorage):
        mode = Path(storage.location).stat().st_mode
        if mode & (STRANGERS if settings.EXPORT_ACCEL_LOCATION else OTHERS):
            right = "750" if settings.EXPORT_ACCEL_LOCATION else "700"
            remedy = f"chmod {right} {storage.location}: other users of this machine can read members' archives."
            yield warn("archive storage permissions", f"{mode & 0o777:o}", remedy)
        else:
            yield ok("archive storage permissions", f"{mode & 0o777:o}")


def _newest() -> Iterator[Finding]:
    try:
        archives = list(Archive.objects.available().order_by("-created_at")[:NEWEST])
    except DatabaseError:
        return  # the check of the database tells it
    missing = [archive.filename for archive in archives if not file_exists(archive)]
    if missing:
        remedy = "Check that workers write to this storage: compare EXPORT_STORAGE_URL and VAR_DIR on all machines."
        yield fail("archive files", f"{len(missing)} of the newest {len(archives)} are not in the storage", remedy)
    else:
        yield ok("archive files", f"the newest {len(archives)} are in the storage")
