"""Whether the site is closed for maintenance: by MAINTENANCE, or by a file that `manage.py maintenance` creates."""

from pathlib import Path

from django.conf import settings


def switch() -> Path:
    """Return the file that closes the site on this machine while it exists."""
    return Path(settings.VAR_DIR) / "maintenance"


def is_closed() -> bool:
    """Return whether the site is closed; this costs one look at the disk, and needs no restart."""
    return bool(settings.MAINTENANCE) or switch().exists()
