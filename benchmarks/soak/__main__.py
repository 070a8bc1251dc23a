"""Uses the site for a while, with restarts and releases, and fails if anything grows that should not.

Members poll, read, export, download and delete; workers are stopped and killed, the web server reloaded and restarted,
and releases come. What is kept for days is kept for a tenth of the time here, and at least a minute, so that all of it
comes to its end.
"""

import argparse
import importlib
import os
import signal
import sys
from pathlib import Path

import django

from benchmarks.__main__ import STOPS, interrupt
from e2e.chaos.world import world

MARKS = "<!-- soak -->"
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "benchmarks.soak.settings",
    "EXPORT_LARGE_FROM": "20000",
    "EXPORT_MAX_ARCHIVES": "3",
    "EXPORT_HOUSEKEEPING_INTERVAL": "5",
}


def main() -> int:
    """Run, and leave nothing behind."""
    options = parse()
    for signum in STOPS:
        signal.signal(signum, interrupt)
    try:
        with world(database="postgresql", production_times=True, keep=options.keep) as (folder, _database):
            os.environ |= SETTINGS | {"SOAK_KEPT_FOR": str(max(60, options.minutes * 6))}
            django.setup()
            return int(importlib.import_module("benchmarks.soak.run").run(options, folder))
    except KeyboardInterrupt:
        print("Stopped.")
        return 130


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into a Markdown file")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs, and say where it is")
    options = parser.parse_args()
    if options.write and not (options.write.is_file() and MARKS in options.write.read_text()):
        parser.error(f"{options.write} has no lines {MARKS} and <!-- end of soak --> to write between.")
    return options


if __name__ == "__main__":
    sys.exit(main())
