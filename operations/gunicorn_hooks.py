"""What gunicorn needs to know of the site: its log lines' form, and where its processes count requests together.

Each process counts in a file of its own. The files are named by places, of which there are as many as processes at a
time, and a new process goes on counting in the file of the one whose place it takes: their number does not grow.
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
    """gunicorn's, whose own lines look like the site's."""

    def setup(self, cfg: Any) -> None:
        """Set up the log of what gunicorn itself does; the lines of requests are the site's."""
        super().setup(cfg)
        name = os.environ.get("LOG_FORMAT") or ("json" if os.environ.get("SECRET_KEY") else "plain")
        if name in FORMATTERS:  # if not, the settings say so
            for handler in self.error_log.handlers:
                handler.setFormatter(FORMATTERS[name]())


def make_folder() -> None:
    """Make the folder of this server's counts, unless it has one: each server its own, old and new side by side.

    To be called before anything is counted, which some libraries begin with as they are imported.
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
    """Give a process that is about to begin the first free place; it finds it in its environment."""
    taken = set(_places.values())
    _places[worker] = next(place for place in range(len(taken) + 1) if place not in taken)
    os.environ[PLACE] = str(_places[worker])


def child_exit(_server: Any, worker: Any) -> None:
    """Free the place of a process that has ended, however it did."""
    _places.pop(worker, None)


def on_exit(_server: Any) -> None:
    """Remove the folder: counts begin anew with the next server, as Prometheus expects."""
    rmtree(os.environ.get(FOLDER, ""), ignore_errors=True)
