"""Kills, freezes and stops everything at random while members export and import, and looks what became of them.

The faults come from a seed, which is printed: the same seed makes the same faults. The exit status is 1 when an end
condition fails or the promise is broken.
"""

import argparse
import importlib
import random
import signal
import sys
from pathlib import Path
from typing import NoReturn

import django

from e2e.chaos.report import FIGURES
from e2e.chaos.schedule import LONGEST_PAUSE
from e2e.chaos.world import world

# SIGINT too: a shell that starts us in the background has it ignored, and Python then leaves it so.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run, and leave nothing behind."""
    options = parse()
    for signum in STOPS:
        signal.signal(signum, interrupt)
    print(
        f"Seed {options.seed}: make chaos N={options.faults} SEED={options.seed} makes these faults again", flush=True
    )
    try:
        with world(database=options.database, production_times=options.production_times, keep=options.keep) as (
            folder,
            cluster,
        ):
            django.setup()
            return int(importlib.import_module("e2e.chaos.run").run(options, folder, cluster))
    except KeyboardInterrupt:
        print("Stopped.")
        return 130


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m e2e.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=100, help="how many (100)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of the faults; by default new")
    parser.add_argument("--workers", type=int, default=3, help="how many (3)")
    parser.add_argument("--members", type=int, default=6, choices=range(7), help="how many export (6)")
    parser.add_argument("--programs", type=int, default=3, choices=range(7), help="how many of them by the API (3)")
    parser.add_argument("--schedules", type=int, default=4, choices=range(7), help="how many with a schedule (4)")
    parser.add_argument("--importers", type=int, default=2, choices=range(4), help="how many import (2)")
    parser.add_argument("--pause", type=float, default=LONGEST_PAUSE, help="seconds at most between two faults (1.6)")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--production-times", action="store_true", help="no short intervals: those of the settings")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the figures into a Markdown file")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs, and say where it is")
    options = parser.parse_args()
    if options.write and not (options.write.is_file() and FIGURES.search(options.write.read_text())):
        parser.error(f"{options.write} has no lines <!-- figures --> and <!-- end of figures --> to write between.")
    return options


def interrupt(_signum: int, _frame: object) -> NoReturn:
    """Treat a request to stop like Ctrl-C; once is enough."""
    for signum in STOPS:
        signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
