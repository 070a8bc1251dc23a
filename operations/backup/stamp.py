"""When the last backup was made on this machine: told by a small file, which the backup writes when it is whole."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone


def backup_stamp() -> Path:
    """Return the file."""
    return Path(settings.VAR_DIR) / "last_backup"


def backup_note() -> None:
    """Note that a backup was made just now."""
    backup_stamp().write_text(f"{timezone.now().isoformat()}\n")


def last_backup() -> datetime | None:
    """Return when the last backup was made from this machine, None if none is known of."""
    try:
        return datetime.fromisoformat(backup_stamp().read_text().strip())
    except (OSError, ValueError):
        return None
