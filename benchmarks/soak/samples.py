"""The samples taken every few seconds: memory, open files, connections, keys, rows, and files on the disk."""

import os
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from benchmarks.load.processes import WORK_HORSES, memory_of, processes_of
from benchmarks.soak.verdict import DUE
from e2e.whole_site import WholeSite
from tasks.models import Task

MEGABYTE = 1e6
KEPT_FOR = timedelta(days=settings.EXPORT_RETENTION_DAYS)
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"

Sample = dict[str, float]


def take(site: WholeSite) -> Sample:
    """Return everything as it is now, by name."""
    return {
        **_of_processes(site),
        **_of_the_queue(),
        **_of_the_database(),
        **_of_the_disk(),
        DUE: float(Task.objects.filter(ended_at__gt=timezone.now() - KEPT_FOR).count()),
    }


def _of_processes(site: WholeSite) -> Sample:
    """Return memory and open files of each kind. Work-horses come and go: they are the exports' sizes."""
    sample: Sample = {}
    for kind, processes in processes_of(site).items():
        if kind != WORK_HORSES:
            sample[f"memory of {kind} (MB)"] = memory_of(kind, processes) / MEGABYTE
            sample[f"open files of {kind}"] = sum(map(_open_files, processes))
    return sample


def _open_files(process: psutil.Process) -> int:
    with suppress(OSError):
        return len(os.listdir(f"/proc/{process.pid}/fd"))  # noqa: PTH208 - the names alone are counted
    return 0


def _of_the_queue() -> Sample:
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        memory: dict[str, int] = server.info("memory")
        clients: dict[str, int] = server.info("clients")
        return {
            "keys in Valkey": float(server.dbsize()),
            "data in Valkey (MB)": memory["used_memory_dataset"] / MEGABYTE,
            "connections to Valkey": float(clients["connected_clients"]),
        }


def _of_the_database() -> Sample:
    with connection.cursor() as cursor:
        cursor.execute(CONNECTIONS)
        sample: Sample = {"connections to PostgreSQL": float(cursor.fetchone()[0])}
        cursor.execute(TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - the database's own name
            sample[f"rows of {table}"] = float(cursor.fetchone()[0])
    return sample


def _of_the_disk() -> Sample:
    """Return the files under VAR_DIR, by folder, and their sizes together."""
    counts: Counter[str] = Counter()
    size = 0
    for folder, _folders, names in os.walk(settings.VAR_DIR):
        counts[Path(folder).relative_to(settings.VAR_DIR).parts[0] if folder != str(settings.VAR_DIR) else "."] += len(
            names
        )
        for name in names:
            with suppress(OSError):  # removed just now
                size += os.stat(f"{folder}/{name}").st_size  # noqa: PTH116 - thousands, every few seconds
    files = {f"files in var/{place}": float(number) for place, number in counts.items()}
    return files | {"size of var/ (MB)": size / MEGABYTE}
