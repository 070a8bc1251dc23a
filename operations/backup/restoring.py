"""The way back: everything is checked before anything is touched."""

from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from accounts.models import User
from operations.backup.archives import archives_check, archives_restore
from operations.backup.errors import BackupError
from operations.backup.making import ENGINES
from operations.backup.manifest import Manifest, file_sha256, manifest_read
from tasks.services.recovery import tasks_reconcile


@dataclass(frozen=True)
class Restored:
    """What was done."""

    manifest: Manifest
    files: int
    """Those that were put back into the storage."""
    recovered: int
    """Tasks that were at work when the backup was made, and begin anew."""
    unapplied: list[str]
    """Migrations that came after the backup."""


def backup_check(backup: Path) -> Manifest:
    """Return the manifest; raise BackupError if the backup is not whole, or if this site cannot take it."""
    manifest = manifest_read(backup)
    if manifest.vendor != connection.vendor:
        raise BackupError(
            f"{backup} is of {manifest.vendor}, and DATABASE_URL names {connection.vendor}. Set it to the former."
        )
    if unknown := sorted(_names(manifest) - set(MigrationLoader(None).disk_migrations)):
        newest = ".".join(unknown[-1])
        raise BackupError(f"{backup} was made by newer code ({newest} is unknown here). Deploy that release first.")
    database = backup / manifest.database
    if not database.is_file() or file_sha256(database) != manifest.database_sha256:
        raise BackupError(f"{database} is missing or damaged. Use another backup.")
    archives_check(manifest.in_state("copied"), backup)
    return manifest


def backup_restore(backup: Path, *, force: bool = False) -> Restored:
    """Restore the backup into the database and the storage of the settings.

    Raises BackupError, before anything is changed, if the backup is not whole or cannot be taken, or if the database
    has members and `force` is not given.
    """
    manifest = backup_check(backup)
    if not force and (members := _members_count()):
        raise BackupError(
            f"The database is not empty: it has {members} members. With --force all of it is replaced by the backup."
        )
    ENGINES[connection.vendor].load(backup / manifest.database)
    files = sum(1 for _file in archives_restore(manifest.in_state("copied"), backup))
    unapplied = sorted(".".join(key) for key in set(MigrationLoader(None).disk_migrations) - _names(manifest))
    recovered = [] if unapplied else tasks_reconcile(at_once=True)
    return Restored(manifest, files, len(recovered), unapplied)


def _names(manifest: Manifest) -> set[tuple[str, str]]:
    return {(app, name) for app, name in manifest.migrations if app in apps.app_configs}


def _members_count() -> int:
    """Return the number of members in the database: whatever a site holds is theirs. Without tables it is 0."""
    is_there = User._meta.db_table in connection.introspection.table_names()
    return User.objects.count() if is_there else 0
