"""Keeps what the site writes to its own user: database, emails, archives, keys, sockets and logs.

Nothing here imports Django: `manage.py` comes here before there are settings.
"""

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
OTHERS, ALL_BUT_OWNER, PASSAGE = 0o007, 0o077, 0o011

READABLE_BY_ALL = {"collectstatic", "makemessages", "makemigrations", "optimizemigration", "squashmigrations"}
"""Commands that write no member's data, but what a web server or other developers have to read."""


def set_umask(argv: list[str]) -> None:
    """Make all files that this process and its children create private, or readable by all if they are to be."""
    os.umask(0o022 if READABLE_BY_ALL.intersection(argv[1:2]) else ALL_BUT_OWNER)


def make_private(folder: Path, *, static: Path, sent_by_proxy: Collection[Path] = ()) -> None:
    """Create `folder`, or close one that everybody can enter, with everything in it.

    `static` stays as it is, and reachable if it exists; the group keeps what is in `sent_by_proxy`. A folder that
    only its group can enter (0750) is that way on purpose. Raises OSError if the folder cannot be created.
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
    """Return whether others have things in it too: /tmp, or a folder that the code is in."""
    return bool(mode & stat.S_ISVTX) or BASE_DIR.is_relative_to(folder)


def _is_ours(path: Path) -> bool:
    return path.lstat().st_uid == os.geteuid()


def _close(path: Path, forbidden: int) -> None:
    """Take the permissions `forbidden` from a file, or from a folder and all that is in it; links lead elsewhere."""
    with suppress(FileNotFoundError):  # another process may be removing it
        if path.is_symlink() or not _is_ours(path):
            return
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~forbidden)
        for inner in path.iterdir() if path.is_dir() else ():
            _close(inner, forbidden)
