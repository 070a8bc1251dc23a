"""The machine: folders, disks, limits."""

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from exports.models.archive import exports_storage
from operations.doctor.configuration import is_production
from operations.doctor.findings import Finding, fail, ok, warn

FEWEST_FILES = 1024
NEARLY_FULL = 0.1  # of a disk that is free
ANYBODY = 0o006  # who can only pass through finds nothing that is not meant for them


def check_machine() -> Iterator[Finding]:
    """Look at what the site needs of the machine that it runs on."""
    yield _var_dir()
    yield from _disks()
    yield _open_files()
    if os.geteuid() == 0 and is_production():
        yield warn("user", "root", "Run the site as a user of its own, as in deploy/.")


def _var_dir() -> Finding:
    folder = settings.VAR_DIR
    mode = folder.stat().st_mode & 0o777
    try:
        with tempfile.TemporaryFile(dir=folder, prefix="doctor-"):
            pass
    except OSError as error:
        remedy = f"Give {folder} to the user who runs the site, or set VAR_DIR to another folder."
        return fail("VAR_DIR", f"{folder} cannot be written ({error.strerror})", remedy)
    if mode & ANYBODY and is_production():
        return warn("VAR_DIR", f"{folder} has mode {mode:o}", f"chmod 750 {folder}: it can hold database and emails.")
    return ok("VAR_DIR", f"{folder}, mode {mode:o}")


def _disks() -> Iterator[Finding]:
    """Yield a finding for each disk, whichever of the folders lie on it."""
    seen = set()
    for folder in _folders():
        if (device := folder.stat().st_dev) not in seen:
            seen.add(device)
            yield _disk(folder)


def _folders() -> Iterator[Path]:
    yield settings.VAR_DIR
    storage = exports_storage()
    database = Path(settings.DATABASES["default"]["NAME"]).parent
    local = Path(storage.location) if isinstance(storage, FileSystemStorage) else settings.VAR_DIR
    yield from (folder for folder in (local, database, Path(tempfile.gettempdir())) if folder.is_dir())


def _disk(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    found = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free"
    if usage.free < settings.EXPORT_FREE_SPACE_RESERVE:
        remedy = "Free some space: exports are refused. Find what uses it with du -xh --max-depth=2 on that folder."
        return fail(f"disk of {folder}", found, remedy)
    if usage.free < usage.total * NEARLY_FULL:
        remedy = "Free some space soon, or shorten EXPORT_RETENTION_DAYS; see docs/operations.md, StorageNearlyFull."
        return warn(f"disk of {folder}", found, remedy)
    return ok(f"disk of {folder}", found)


def _open_files() -> Finding:
    most, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < FEWEST_FILES:
        remedy = f"Raise it to {FEWEST_FILES} or more: LimitNOFILE= in systemd, ulimit -n in a shell."
        return warn("open files", f"{most} at most", remedy)
    return ok("open files", f"{most} at most")
