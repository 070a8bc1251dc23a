"""The queue server: connection, version, and whether it keeps what it is given."""

import time
from collections.abc import Iterator
from typing import Any

from redis.exceptions import RedisError

from operations.doctor.database import clock_finding
from operations.doctor.findings import Finding, fail, in_a_line, ok, warn
from tasks.queue.client import QueueUnavailableError, queue_connection, queue_probe
from tasks.queue.problems import problem_of

OLDEST = 5  # the server's major version
FULL = 0.9  # of maxmemory


def check_queue_server() -> Iterator[Finding]:
    """Look at the queue server; without a connection there is no more to say."""
    connection = queue_connection()
    try:
        info: dict[str, Any] = connection.info()
        before = time.time()
        seconds, microseconds = connection.time()
    except RedisError as error:
        yield fail("queue server", in_a_line(error), str(problem_of(error).remedy))
        return
    yield _version(info)
    yield clock_finding("queue server clock", seconds + microseconds / 1_000_000, before)
    yield _writes()
    yield _persistence(info)
    yield _memory(info)


def _version(info: dict[str, Any]) -> Finding:
    name = info.get("server_name", "redis")
    version = str(info.get(f"{name}_version") or info["redis_version"])
    if info.get("role") != "master":
        return fail("queue server", f"{name} {version}, a replica", "Point REDIS_URL at the primary.")
    if int(version.split(".", maxsplit=1)[0]) < OLDEST:
        return fail("queue server", f"{name} {version}", "Use Redis 5 or newer, or Valkey.")
    return ok("queue server", f"{name} {version}")


def _writes() -> Finding:
    """Write what queueing a job writes: a full memory or disk, a replica, and access rules refuse it."""
    try:
        queue_probe()
    except QueueUnavailableError as error:
        return fail("queue server writes", in_a_line(error), str(error.problem.remedy))
    return ok("queue server writes", "allowed")


def _persistence(info: dict[str, Any]) -> Finding:
    if not info.get("aof_enabled"):
        remedy = (
            "Set appendonly yes: otherwise the site has to requeue everything after a restart, which takes a while."
        )
        return warn("queue server persistence", "no append-only file", remedy)
    if info.get("aof_last_write_status", "ok") != "ok":
        return fail("queue server persistence", "the last write failed", "Free space on its disk; see its log.")
    return ok("queue server persistence", "append-only file")


def _memory(info: dict[str, Any]) -> Finding:
    policy, most, used = info.get("maxmemory_policy"), int(info.get("maxmemory", 0)), int(info["used_memory"])
    found = f"{used / 1e6:.0f} MB used, {f'{most / 1e6:.0f} MB at most' if most else 'no limit'}, {policy}"
    if policy not in {"noeviction", None}:
        remedy = "Set maxmemory-policy noeviction: a queue must not drop jobs when memory is short."
        return fail("queue server memory", found, remedy) if most else warn("queue server memory", found, remedy)
    if most and used > most * FULL:
        return warn("queue server memory", found, "Raise maxmemory: when memory is full, no export can start.")
    return ok("queue server memory", found)
