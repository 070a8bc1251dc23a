"""Runs the previous release and this one side by side, on one database and one queue, and has members use both.

The exit status is 1 when something does not work.
"""

import argparse
import importlib
import signal
import sys

import django

from e2e.chaos.__main__ import STOPS, interrupt
from e2e.chaos.world import world
from tools.previous_release import NoPreviousReleaseError, previous_release

DATABASES = ("sqlite", "postgresql")


def main() -> int:
    """Run, and leave nothing behind."""
    parser = argparse.ArgumentParser(prog="python -m e2e.releases", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, default="postgresql")
    parser.add_argument(
        "--previous", help="a tag or commit; by default the newest tag, or what e2e/releases/previous names"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs, and say where it is")
    options = parser.parse_args()
    for signum in STOPS:
        signal.signal(signum, interrupt)
    try:
        release = options.previous or previous_release()
        with world(database=options.database, production_times=False, keep=options.keep) as (folder, _database):
            django.setup()
            return int(importlib.import_module("e2e.releases.run").run(release, folder))
    except NoPreviousReleaseError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print("Stopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
