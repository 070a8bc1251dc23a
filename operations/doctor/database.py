"""The database: connection, version, what the site needs of it, and its migrations."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from core.postgresql.base import DatabaseWrapper
from operations.doctor.findings import Finding, fail, in_a_line, ok, warn
from posts.search.interface import find
from posts.search.query import Query
from posts.search.table import POSTS

CLOCK_TOLERANCE = 2.0  # seconds
CONNECTIONS_IN_USE = 0.8  # of those that there may be
REACH = "Start the database server, or correct DATABASE_URL; the cause is in the server's log."
CLOCKS = "Have a time service (chrony, systemd-timesyncd) set the clocks of all machines."


def check_database() -> Iterator[Finding]:
    """Look at the database; without a connection there is no more to say."""
    try:
        connection.ensure_connection()
    except Exception as error:  # whatever a database driver raises
        yield fail("database", in_a_line(error), REACH)
        return
    version = ".".join(map(str, connection.get_database_version()))
    yield ok("database", f"{connection.display_name} {version}, {connection.settings_dict['NAME']}")
    yield from _sqlite() if connection.vendor == "sqlite" else _postgresql()
    yield from _migrations()
    yield from _tables()


def _value(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def _sqlite() -> Iterator[Finding]:
    file = Path(connection.settings_dict["NAME"])
    for path in (file, file.parent):
        if not os.access(path, os.W_OK):
            yield fail("database file", f"{path} cannot be written", "Give it to the user who runs the site.")
    if (mode := _value("PRAGMA journal_mode")) != "wal":
        yield fail("database journal", mode, "Put the file on a local disk: WAL does not work over a network.")
    if "endpoint_url" in str(settings.STORAGES["exports"]):
        remedy = "With several machines, set DATABASE_URL to a PostgreSQL database: they can't share a file."
        yield warn("database", "SQLite beside object storage", remedy)


def _postgresql() -> Iterator[Finding]:
    for look in (_encoding, _collation, _writable, _clock, _session, _room):
        yield look()


def _encoding() -> Finding:
    encoding = _value("SHOW server_encoding")
    zone = _value("SHOW TimeZone")
    if encoding != "UTF8":
        return fail("database encoding", encoding, "Recreate the database with ENCODING 'UTF8', and restore into it.")
    return ok("database encoding", f"{encoding}, time zone {zone}")


def _collation() -> Finding:
    """Look at ICU, which the search's index is built with: under another one it may not find what it holds."""
    rows = "FROM pg_collation WHERE collname = 'und-x-icu'"
    if not _value(f"SELECT count(*) {rows}"):
        return fail("database ICU", "no collation und-x-icu", "Use a PostgreSQL built with ICU, as Debian's is.")
    is_same = "collversion IS NOT DISTINCT FROM pg_collation_actual_version(oid)"
    if not _value(f"SELECT bool_and({is_same}) {rows}"):
        remedy = 'REINDEX DATABASE; then ALTER COLLATION "und-x-icu" REFRESH VERSION.'
        return warn("database ICU", "its version has changed since the indexes were made", remedy)
    return ok("database ICU", "collation und-x-icu")


def _writable() -> Finding:
    if _value("SELECT pg_is_in_recovery()") or _value("SHOW transaction_read_only") == "on":
        return fail("database writes", "read-only", "Point DATABASE_URL at the primary, not at a standby.")
    return ok("database writes", "allowed")


def _clock() -> Finding:
    before = time.time()
    theirs = float(_value("SELECT extract(epoch FROM clock_timestamp())"))
    return clock_finding("database clock", theirs, before)


def clock_finding(what: str, theirs: float, asked_at: float) -> Finding:
    """Compare a server's clock (seconds since 1970) with ours; the answer took from `asked_at` until now."""
    skew = theirs - (asked_at + time.time()) / 2
    if abs(skew) > CLOCK_TOLERANCE:
        return fail(what, f"{skew:+.1f} seconds from this machine's", CLOCKS)
    return ok(what, f"{skew:+.2f} seconds from this machine's")


def _session() -> Finding:
    """Compare what the session has with what it asked for: behind a pooler nobody may have listened."""
    lost = cast(DatabaseWrapper, connection).lost
    if not lost:
        return ok("database session", "has all its settings")
    commands = " ".join(f"ALTER ROLE CURRENT_USER SET {name} = '{value}';" for name, value in lost.items())
    remedy = (
        f"Set them for the site's role, then RECONNECT in the pooler. Transactions have them all the same: {commands}"
    )
    return warn("database session", f"a pooler withholds {', '.join(lost)}", remedy)


def _room() -> Finding:
    used = int(_value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    most = int(_value("SHOW max_connections"))
    if used > most * CONNECTIONS_IN_USE:
        remedy = "Raise max_connections, or put pgbouncer in front: each web thread and job holds one."
        return warn("database connections", f"{used} of {most} in use", remedy)
    return ok("database connections", f"{used} of {most} in use")


def _migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    loader = executor.loader
    waiting = [f"{migration.app_label}.{migration.name}" for migration, _back in _plan(executor)]
    if waiting:
        yield fail("migrations", f"not applied: {', '.join(waiting)}", "Run manage.py migrate.")
    newer = sorted(".".join(key) for key in set(loader.applied_migrations) - set(loader.disk_migrations))
    if newer:
        remedy = "This code is older than the database: deploy the newer release here too."
        yield warn("migrations", f"applied, but unknown to this code: {', '.join(newer)}", remedy)
    if not waiting and not newer:
        yield ok("migrations", f"all {len(loader.applied_migrations)} applied")
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(graph=loader.graph)
    if changes:
        yield fail("models", f"changed without a migration: {', '.join(sorted(changes))}", "Deploy unchanged code.")


def _plan(executor: MigrationExecutor) -> list[Any]:
    return executor.migration_plan(executor.loader.graph.leaf_nodes())


def _tables() -> Iterator[Finding]:
    looks: list[tuple[str, Callable[[], object], str]] = [
        ("cache table", _count_rate_limits, "Run manage.py createcachetable."),
        ("search", lambda: find(POSTS, Query.parse("doctor")), "Run manage.py migrate; see docs/decisions/0014."),
    ]
    for what, look, remedy in looks:
        try:
            look()
        except Exception as error:  # whatever a database driver raises
            yield fail(what, in_a_line(error), remedy)
        else:
            yield ok(what, "there")


def _count_rate_limits() -> object:
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    return _value(f"SELECT count(*) FROM {table}")  # noqa: S608 - the name is ours
