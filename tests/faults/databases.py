"""Databases that a test may take down, because they are its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from django.db.utils import load_backend

from microblog_project import environment
from tests.postgresql import Cluster


@contextmanager
def default_database(url: str) -> Iterator[None]:
    """Have this process use the database at `url`, as DATABASE_URL has another one, and make its tables."""
    usual = connections["default"]
    entry = connections.configure_settings({"default": environment.database(url)})["default"]
    connections["default"] = load_backend(entry["ENGINE"]).DatabaseWrapper(entry, "default")
    try:
        if "exports_task" not in connection.introspection.table_names():
            call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        connections["default"] = usual


def crash(cluster: Cluster) -> None:
    """Take the database down; this process has no connection to it then."""
    cluster.crash()
    connection.close()


@contextmanager
def locked_table(cluster: Cluster, table: str, mode: str) -> Iterator[None]:
    """Lock a table from outside, until the end or a crash."""
    with psycopg.connect(host=str(cluster.folder), user="postgres", dbname="postgres", autocommit=True) as outsider:
        outsider.execute("BEGIN")
        outsider.execute(f"LOCK TABLE {table} IN {mode} MODE")
        yield
        outsider.close()
