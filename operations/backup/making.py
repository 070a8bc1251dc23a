"""Making a backup: first the database, then the files that its rows name, under a temporary name until all is there."""

import fcntl
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection

from operations.backup import postgresql, sqlite
from operations.backup.archives import ROWS, Row, archives_keep, is_copied_by_default
from operations.backup.errors import BackupError
from operations.backup.manifest import NAME, Manifest, StoredFile, file_sha256
from operations.backup.stamp import backup_note

ENGINES = {"postgresql": postgresql, "sqlite": sqlite}
PREFIX = "microblog-"
FINISHED = re.compile(rf"{PREFIX}\d{{8}}T\d{{6}}Z(\.\d+)?")
PART = ".part"

Progress = Callable[[int, int], None]
"""Is told of how many of the files are done, and how many there are."""


def backup_make(
    folder: Path, *, keep: int | None = None, copy: bool | None = None, progress: Progress = lambda _done, _total: None
) -> tuple[Path, Manifest]:
    """Make a backup in a new folder inside `folder`; return it and its manifest.

    `keep`: so many are kept then, this one included, and the oldest removed. `copy`: whether archives go into it, by
    default those on a disk. Raises BackupError, and OSError when the disk is full; then nothing is left behind.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        _remove_parts(folder)
        target = _free_name(folder)
        draft = folder / f".{target.name}{PART}"
        draft.mkdir(mode=0o700)
        try:
            manifest = _fill(draft, copy=is_copied_by_default() if copy is None else copy, progress=progress)
            _settle(draft)
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        _settle(folder)
        backup_note()
        if keep:
            _remove_old(folder, keep)
    return target, manifest


def _fill(draft: Path, *, copy: bool, progress: Progress) -> Manifest:
    engine = ENGINES[connection.vendor]
    tables = set(connection.introspection.table_names())
    database = draft / engine.FILE
    created_at = datetime.now(UTC)
    with engine.dumped(database) as cursor:
        rows, migrations, counts = _read(cursor, tables)
    manifest = Manifest(
        created_at=created_at.isoformat(),
        site_url=settings.SITE_URL,
        vendor=connection.vendor,
        database=database.name,
        database_sha256=file_sha256(database),
        versions={"python": platform.python_version(), "django": version("django"), "database": _database_version()},
        migrations=migrations,
        counts=counts,
        archives=list(_archives(rows, draft, copy=copy, progress=progress)),
    )
    manifest.write(draft)
    return manifest


def _archives(rows: list[Row], draft: Path, *, copy: bool, progress: Progress) -> Iterator[StoredFile]:
    for number, file in enumerate(archives_keep(rows, draft, copy=copy), 1):
        yield file
        progress(number, len(rows))


def _read(cursor: Any, tables: set[str]) -> tuple[list[Row], list[list[str]], dict[str, int]]:
    """Return the archives' files, the migrations, and the number of rows of each model, all as of the dump."""
    cursor.execute(ROWS)
    rows = [(name, size, sha256) for name, size, sha256 in cursor.fetchall()]
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
    migrations = [list(row) for row in cursor.fetchall()]
    counts = {}
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table in tables]
    for model in models:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 - ours
        counts[model._meta.label] = cursor.fetchone()[0]
    return rows, migrations, counts


def _database_version() -> str:
    return f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: a second backup at the same time would take this one's draft for a leftover."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(f"Another backup into {folder} is being made. Wait for its end.") from error
        yield


def _free_name(folder: Path) -> Path:
    base = f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (base if number == 1 else f"{base}.{number}" for number in range(1, 1000))
    return next(folder / name for name in names if not (folder / name).exists())


def _settle(path: Path) -> None:
    """Have the disk keep what was written, whatever happens to the machine now."""
    for file in (path, *(path / name for name in (NAME, sqlite.FILE, postgresql.FILE))):
        if file.exists():
            handle = os.open(file, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


def _remove_parts(folder: Path) -> None:
    """Remove what backups that died have left."""
    for part in folder.glob(f".{PREFIX}*{PART}"):
        shutil.rmtree(part, ignore_errors=True)


def _remove_old(folder: Path, keep: int) -> None:
    finished = [path for path in folder.iterdir() if FINISHED.fullmatch(path.name) and (path / NAME).exists()]
    finished.sort(key=lambda path: (path / NAME).stat().st_mtime_ns)
    for path in finished[:-keep]:
        shutil.rmtree(path)
