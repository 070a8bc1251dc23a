"""Where and on what the figures were measured."""

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.postgresql import PostgresUnavailableError, find_programs


def machine() -> str:
    """Return a sentence with the date, the commit, the processors, the versions, and the load before measuring."""
    cpu_lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in cpu_lines if line.startswith("model name")), platform.machine())
    commit = _output("git", "rev-parse", "--short", "HEAD") or "no commit"
    versions = f"Python {platform.python_version()}, {_postgresql()}, SQLite {sqlite3.sqlite_version}"
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} ({commit}) on {os.cpu_count()} processors ({model}), "
        f"{versions}. Load before: {os.getloadavg()[0]:.1f}."
    )


def _postgresql() -> str:
    try:
        return "PostgreSQL " + _output(str(find_programs() / "postgres"), "--version").split()[2]
    except PostgresUnavailableError:
        return "no PostgreSQL"


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
