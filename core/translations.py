"""Compile translations from `.po` to `.mo` with polib, as a new machine may lack gettext."""

from pathlib import Path

import polib


def compile_messages(locale: Path) -> int:
    """Compile the changed translations under `locale`; return the number of files."""
    stale = [source for source in locale.glob("*/LC_MESSAGES/*.po") if is_stale(source)]
    for source in stale:
        compiled = source.with_suffix(".mo")
        polib.pofile(str(source)).save_as_mofile(str(compiled))
        compiled.chmod(source.stat().st_mode & 0o666)  # readable by whoever can read the source
    return len(stale)


def is_stale(source: Path) -> bool:
    """Return whether the compiled file is missing or older than its source."""
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime
