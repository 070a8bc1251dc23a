"""Puts the site under load: 2,000 members poll and read, 200 export at once. Fails if a figure is missed.

It starts all that it needs (PostgreSQL, Valkey, gunicorn, three workers, an SMTP server) in a temporary folder, and
leaves nothing behind. Figures mean something only while the machine has nothing else to do.
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

MARKS = "<!-- load -->"


def main() -> int:
    """Run, and leave nothing behind."""
    options = parse()
    for signum in STOPS:
        signal.signal(signum, interrupt)
    try:
        with world(database="postgresql", production_times=True, keep=options.keep) as (folder, _database):
            os.environ["EXPORT_LARGE_FROM"] = "20000"  # as by default
            django.setup()
            return int(importlib.import_module("benchmarks.load.run").run(options, folder))
    except KeyboardInterrupt:
        print("Stopped.")
        return 130


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--members", type=int, default=2_000, help="who have a tab open (2000)")
    parser.add_argument("--exports", type=int, default=200, help="at once (200)")
    parser.add_argument("--seconds", type=float, default=150, help="how long all of them live (150)")
    parser.add_argument("--quick", action="store_true", help="a hundredth of it, nothing judged: does all run?")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into a Markdown file")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs, and say where it is")
    options = parser.parse_args()
    if options.quick:
        options.members, options.exports, options.seconds = 60, 26, 20
    if options.write and not (options.write.is_file() and MARKS in options.write.read_text()):
        parser.error(f"{options.write} has no lines {MARKS} and <!-- end of load --> to write between.")
    return options


if __name__ == "__main__":
    sys.exit(main())
