"""gunicorn's hooks: the site's log format, and shared counts of requests.

Each process counts in a file of its own. The files are named by slots, as many as there are processes at a time. A new
process continues the file of the ended process whose slot it takes, so the number of files does not grow.
"""

import os
import tempfile
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

import psutil
from gunicorn.glogging import Logger
from prometheus_client import values

from operations.logs import FORMATTERS

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PLACE = "METRICS_PLACE"
PREFIX = "microblog-metrics-"

_places: dict[Any, int] = {}  # of the living processes


class SiteLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger, with the site's log format."""

    def setup(self, cfg: Any) -> None:
        """Set up gunicorn's own log; the site itself logs the requests."""
        super().setup(cfg)
        name = os.environ.get("LOG_FORMAT") or ("json" if os.environ.get("SECRET_KEY") else "plain")
        if name in FORMATTERS:  # if not, the settings say so
            for handler in self.error_log.handlers:
                handler.setFormatter(FORMATTERS[name]())


def make_folder() -> None:
    """Create the folder of this server's counts unless it has one; an old and a new server don't share it.

    Call it before anything is counted: some libraries count as soon as they are imported.
    """
    prefix = f"{PREFIX}{os.getpid()}-"
    if not Path(os.environ.get(FOLDER, "")).name.startswith(prefix):
        remove_leftovers()
        os.environ[FOLDER] = tempfile.mkdtemp(prefix=prefix)
        values.ValueClass = values.MultiProcessValue(partial(os.environ.get, PLACE, "none"))


def remove_leftovers() -> None:
    """Remove the folders of servers that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            rmtree(folder, ignore_errors=True)


def pre_fork(_server: Any, worker: Any) -> None:
    """Pass a new process the first free slot, in its environment."""
    taken = set(_places.values())
    _places[worker] = next(place for place in range(len(taken) + 1) if place not in taken)
    os.environ[PLACE] = str(_places[worker])


def child_exit(_server: Any, worker: Any) -> None:
    """Free the slot of a process that has ended."""
    _places.pop(worker, None)


def on_exit(_server: Any) -> None:
    """Remove the folder: the next server counts from zero, as Prometheus expects."""
    rmtree(os.environ.get(FOLDER, ""), ignore_errors=True)
