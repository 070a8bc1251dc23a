"""One migrated database for all processes of a test run, which each of them copies: migrating takes seconds.

The run's first process has it made, while the others start.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

from development.embedded_server import BASE_DIR
from tests.waiting import wait_until

NAME = "migrated"
FOLDER = "TEST_MIGRATED_DATABASE"
"""The environment variable that names the folder with the log, the SQLite file, and at last the exit status."""
MIGRATE = '"$@" >"$TEST_MIGRATED_DATABASE/log" 2>&1; echo $? >"$TEST_MIGRATED_DATABASE/status"'


def start(folder: Path, url: str) -> Callable[[], None]:
    """Begin to migrate a database beside the one at `url`, on SQLite in `folder`; return what waits for the end."""
    folder.mkdir()
    os.environ[FOLDER] = str(folder)
    if url:
        with psycopg.connect(url.replace("postgres:", "postgresql:"), autocommit=True) as administrator:
            administrator.execute(f"CREATE DATABASE {NAME}".encode())
        url = url.replace("/postgres?", f"/{NAME}?")
    environment = os.environ | {"DATABASE_URL": url or f"sqlite:///{folder / NAME}", "VAR_DIR": str(folder / "var")}
    command = ["sh", "-c", MIGRATE, "sh", sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    process = subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdin=subprocess.DEVNULL)

    def end() -> None:
        process.wait()

    return end


def copy() -> bool:
    """Copy the migrated database to where Django will look for the test's; return whether there is one to copy."""
    if FOLDER not in os.environ:
        return False
    folder = Path(os.environ[FOLDER])
    status = wait_until(lambda: (folder / "status").exists() and (folder / "status").read_text(), what="The migration")
    assert status == "0\n", (folder / "log").read_text()
    place = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
    if connection.vendor == "sqlite":
        shutil.copy(folder / NAME, place)
    else:
        server: dict[str, Any] = {"host": connection.settings_dict["OPTIONS"]["host"], "user": "postgres"}
        with psycopg.connect(**server, dbname="postgres", autocommit=True) as administrator:
            administrator.execute(f'CREATE DATABASE "{place}" TEMPLATE {NAME}'.encode())
    return True
