"""Disconnects each machine of a site in turn, and cuts its power, while members export, and checks the results.

Needs root, for the machines are network namespaces. The exit status is 1 when an end condition fails or something
takes too long, 3 when this machine cannot make such a network.
"""

import argparse
import importlib
import os
import signal
import sys
from pathlib import Path

import django

from e2e.chaos.__main__ import STOPS, interrupt
from e2e.chaos.report import HOSTS_FIGURES
from e2e.hosts.network import NUMBERS
from e2e.hosts.world import INSIDE, lacking, move_inside, world

WAYS = ("cut off", "without power")
CANNOT = 3


def main() -> int:
    """Run, and leave nothing behind."""
    options = parse()
    if not os.environ.pop(INSIDE, ""):
        if reason := lacking():
            print(f"There can be no hosts here: {reason}", file=sys.stderr)
            return CANNOT
        move_inside()
    for signum in STOPS:
        signal.signal(signum, interrupt)
    try:
        with world(production_times=options.production_times, keep=options.keep) as (folder, variables):
            django.setup()
            return int(importlib.import_module("e2e.hosts.run").run(options, folder, variables))
    except KeyboardInterrupt:
        print("Stopped.")
        return 130


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m e2e.hosts", description=__doc__)
    parser.add_argument("--hosts", nargs="*", default=list(NUMBERS), choices=NUMBERS, help="which; all without")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS, help="how; both without")
    parser.add_argument("--seconds", type=float, default=20, help="how long each outage lasts (20)")
    parser.add_argument("--members", type=int, default=4, choices=range(1, 5), help="how many (4)")
    parser.add_argument("--production-times", action="store_true", help="no short intervals: those of the settings")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the figures into a Markdown file")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs, and say where it is")
    options = parser.parse_args()
    if options.write and not (options.write.is_file() and HOSTS_FIGURES.search(options.write.read_text())):
        parser.error(f"{options.write} has no lines <!-- hosts --> and <!-- end of hosts --> to write between.")
    return options


if __name__ == "__main__":
    sys.exit(main())
