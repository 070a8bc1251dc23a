"""A PostgreSQL database, by its own programs: pg_dump while the site runs, pg_restore and psql back."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from django.db import connection, connections, transaction

from operations.backup.errors import BackupError

FILE = "database.dump"
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
"""The connection's parameters, as the programs find them in the environment: a command line can be read by all."""

# Everything that a dump could bring, in one transaction with it; who still uses the tables is not waited for long.
EMPTYING = """
SET LOCAL lock_timeout = '10s';
DO $$ DECLARE thing text; BEGIN
  FOR thing IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'DROP TABLE IF EXISTS ' || thing || ' CASCADE';
  END LOOP;
  FOR thing IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') LOOP
    EXECUTE 'DROP FUNCTION IF EXISTS ' || thing || ' CASCADE';
  END LOOP;
END $$;
"""


def ensure_direct() -> None:
    """Raise BackupError behind a pooler: pg_dump and psql would leave their settings to the site's own sessions.

    A pooler tells a process id of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        if cursor.fetchone()[0] != connection.connection.info.backend_pid:
            raise BackupError("DATABASE_URL leads to a pooler such as PgBouncer. Use the address of PostgreSQL itself.")


@contextmanager
def dumped(path: Path) -> Iterator[Any]:
    """Write a dump to `path`; yield a cursor that reads the same moment."""
    ensure_direct()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(
            "SET LOCAL idle_in_transaction_session_timeout = 0"
        )  # a large dump takes longer than the site may
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={path}"]
        _run("pg_dump", *options)
        yield cursor


def load(path: Path) -> None:
    """Put the dump at `path` in the place of all that the database holds: whole, or not at all."""
    ensure_direct()
    connections.close_all()
    with tempfile.TemporaryFile("w+") as errors:
        psql = subprocess.Popen(
            [_find("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
        )
        failure = _feed(cast(IO[str], psql.stdin), path)
        if psql.wait():
            errors.seek(0)
            words = " ".join(errors.read().split())
            raise BackupError(f"psql failed: {words}. Are web server and workers stopped?") from failure
    if failure:
        raise failure


def _feed(script: IO[str], path: Path) -> Exception | None:
    """Write to psql what empties and fills the database; return what went wrong: then nothing is committed."""
    try:
        with script:
            script.write(f"BEGIN;\n{EMPTYING}")
            script.flush()
            _run("pg_restore", "--no-owner", "--no-privileges", "--file=-", str(path), output=script)
            script.write("COMMIT;\n")
    except (BackupError, BrokenPipeError) as error:  # psql itself may have ended, and says why
        return error
    return None


def _run(program: str, *arguments: str, output: Any = subprocess.DEVNULL) -> None:
    command = [_find(program), *arguments]
    result = subprocess.run(command, env=_environment(), stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        words = " ".join(result.stderr.split())
        raise BackupError(f"{program} failed: {words}")


def _find(program: str) -> str:
    """Return the program's path: on the PATH, or the newest of Debian's."""
    if found := shutil.which(program):
        return found
    others = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    if not others:
        raise BackupError(f"{program} is not installed. On Debian: apt install postgresql-client.")
    return str(others[-1])


def _environment() -> dict[str, str]:
    parameters = connection.get_connection_params()
    given = {variable: str(parameters[name]) for name, variable in VARIABLES.items() if parameters.get(name)}
    return os.environ | given
