"""A SQLite database, copied while the site runs: all of one moment, and nobody has to wait."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, connections

from operations.backup.errors import BackupError

FILE = "database.sqlite3"
PATIENCE = 30.0  # seconds for the lock of somebody who writes


@contextmanager
def dumped(path: Path) -> Iterator[Any]:
    """Copy the database to `path`; yield a cursor that reads the same moment.

    SQLite's own backup, in one step: byte for byte, the search's index too. In WAL mode others write on meanwhile.
    """
    with (
        closing(sqlite3.connect(_file(), timeout=PATIENCE)) as source,
        closing(sqlite3.connect(path)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        if (result := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise BackupError(
                f"The database is damaged: {result}. Restore the last backup, or see sqlite.org/recovery."
            )
        yield copy.cursor()


def load(path: Path) -> None:
    """Put the copy at `path` in the place of all that the database holds, in one transaction of SQLite's."""
    connections.close_all()
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as copy,
            closing(sqlite3.connect(_file(), timeout=PATIENCE)) as target,
        ):
            copy.backup(target)
    except sqlite3.Error as error:
        raise BackupError(f"The database could not be written ({error}). Stop web server and workers first.") from error


def _file() -> str:
    return str(connection.settings_dict["NAME"])
