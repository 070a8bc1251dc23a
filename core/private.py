"""Make the site's files private: database, emails, archives, keys, sockets and logs.

Imports no Django: `manage.py` uses it before the settings exist.
"""

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
OTHERS, ALL_BUT_OWNER, PASSAGE = 0o007, 0o077, 0o011

READABLE_BY_ALL = {"collectstatic", "makemessages", "makemigrations", "optimizemigration", "squashmigrations"}
"""Commands that write no members' data, but files for web servers or other developers."""


def set_umask(argv: list[str]) -> None:
    """Make the files of this process and its children private, or readable for READABLE_BY_ALL."""
    os.umask(0o022 if READABLE_BY_ALL.intersection(argv[1:2]) else ALL_BUT_OWNER)


def make_private(folder: Path, *, static: Path, sent_by_proxy: Collection[Path] = ()) -> None:
    """Create `folder` privately, or make one that everyone can enter private, with everything in it.

    `static` stays reachable, and the group keeps access to `sent_by_proxy`. A folder with mode 0750 is left alone: its
    group was chosen on purpose. Raises OSError if the folder cannot be created.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & OTHERS & ~PASSAGE or _is_shared(folder, mode) or not _is_ours(folder):
        return
    for path in folder.iterdir():
        if path != static:
            _close(path, OTHERS if path in sent_by_proxy else ALL_BUT_OWNER)
    way_in = PASSAGE if static.exists() and static.is_relative_to(folder) else 0o050 if sent_by_proxy else 0
    folder.chmod(mode & (0o700 | way_in))


def _is_shared(folder: Path, mode: int) -> bool:
    """Return whether others use the folder, too, as /tmp or one that contains the code."""
    return bool(mode & stat.S_ISVTX) or BASE_DIR.is_relative_to(folder)


def _is_ours(path: Path) -> bool:
    return path.lstat().st_uid == os.geteuid()


def _close(path: Path, forbidden: int) -> None:
    """Remove the permissions `forbidden` from a file, or from a folder and its contents; skip symbolic links."""
    with suppress(FileNotFoundError):  # another process may be removing it
        if path.is_symlink() or not _is_ours(path):
            return
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~forbidden)
        for inner in path.iterdir() if path.is_dir() else ():
            _close(inner, forbidden)
