"""The list of what a backup holds: versions, migrations, counts, and the checksum of every file."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from operations.backup.errors import BackupError

NAME = "manifest.json"
FORMAT = "microblog-backup"
VERSION = 1
BLOCK = 1 << 20  # bytes read at a time


@dataclass(frozen=True)
class StoredFile:
    """An archive's file: its name in the storage, and what became of it in this backup."""

    name: str
    size: int
    sha256: str
    state: str
    """copied; listed (it is in the storage, and stays there); gone (its time was over meanwhile); missing; damaged."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    created_at: str
    site_url: str
    vendor: str
    database: str
    """The name of the database's file in the backup."""
    database_sha256: str
    versions: dict[str, str]
    migrations: list[list[str]]
    """App and name of each migration that was applied."""
    counts: dict[str, int]
    """Rows of each model."""
    archives: list[StoredFile]
    format: str = field(default=FORMAT)
    version: int = field(default=VERSION)

    def write(self, folder: Path) -> None:
        """Write it into the backup."""
        (folder / NAME).write_text(json.dumps(asdict(self), indent=1) + "\n")

    def in_state(self, *states: str) -> list[StoredFile]:
        """Return the archives' files of which this became."""
        return [file for file in self.archives if file.state in states]


def manifest_read(folder: Path) -> Manifest:
    """Return the manifest of the backup in `folder`; raise BackupError if it is none, or one of another version."""
    try:
        fields: dict[str, Any] = json.loads((folder / NAME).read_text())
        if fields["format"] != FORMAT:
            raise BackupError(f"{folder / NAME} is no manifest of a backup.")
        if fields["version"] != VERSION:
            raise BackupError(f"{folder} has version {fields['version']}; this code restores version {VERSION}.")
        archives = [StoredFile(**file) for file in fields.pop("archives")]
        return Manifest(archives=archives, **fields)
    except OSError as error:
        raise BackupError(f"{folder} is no backup: {NAME} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder / NAME} is damaged ({error}). Use another backup.") from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
