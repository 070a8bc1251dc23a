"""Measure the site next to yardsticks, in the same run; `python -m benchmarks --help` says how.

It starts all that it needs, needs some five gigabytes of disk for a while, and leaves nothing behind. Figures mean
something only while the machine has nothing else to do.
"""

import argparse
import re
import signal
import sys
import time
from itertools import product
from pathlib import Path
from typing import NoReturn

from benchmarks.figures import Figure, as_markdown, as_text
from benchmarks.machine import machine
from benchmarks.plan import DATABASES, FAMILIES, SUBJECTS, USUAL_SUBJECTS
from benchmarks.plot import draw
from benchmarks.stage import Stage

# SIGINT too: a shell that starts us in the background has it ignored, and Python then leaves it so.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PLOT = Path(__file__).resolve().parent.parent / "docs/export-growth.svg"
TABLE = re.compile(r"(<!-- table -->\n).*(\n<!-- end of table -->)", re.DOTALL)


def main() -> int:
    """Measure, print the table, and return 1 if a figure was missed, 2 if the machine was too noisy to tell."""
    options = parse()
    for signum in STOPS:
        signal.signal(signum, interrupt)
    started, where = time.monotonic(), machine()
    try:
        with Stage(options.quick) as stage:
            figures = measure(stage, options)
            if options.plot:
                draw(stage.growth(), PLOT)
    except KeyboardInterrupt:
        print("Stopped.")
        return 130
    rows = [figure.row(judged=not options.quick) for figure in figures]
    print(f"\n{where}\n\n{as_text(rows)}\n\n{time.monotonic() - started:.0f} s in all")
    if options.write:
        table = f"{where}\n\n{as_markdown(rows)}"
        page = options.write.read_text()
        options.write.write_text(TABLE.sub(lambda found: found[1] + table + found[2], page))
    return verdict(figures, quick=options.quick)


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "subjects",
        nargs="*",
        metavar="subject",
        help=f"of: {', '.join(SUBJECTS)}; without: {', '.join(USUAL_SUBJECTS)}",
    )
    parser.add_argument("--database", choices=DATABASES, help="measure on this one only")
    parser.add_argument("--quick", action="store_true", help="fewer posts and rounds, nothing judged: does all run?")
    parser.add_argument("--plot", action="store_true", help=f"draw what `growth` measures to {PLOT.name}")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into a Markdown file")
    options = parser.parse_args()
    if unknown := set(options.subjects) - set(SUBJECTS):
        parser.error(f"{', '.join(sorted(unknown))}: no such subject. Choose of: {', '.join(SUBJECTS)}")
    if options.write and not (options.write.is_file() and TABLE.search(options.write.read_text())):
        parser.error(f"{options.write} has no lines <!-- table --> and <!-- end of table --> to write between.")
    return options


def interrupt(_signum: int, _frame: object) -> NoReturn:
    """Treat a request to stop like Ctrl-C; once is enough."""
    for signum in STOPS:
        signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt


def measure(stage: Stage, options: argparse.Namespace) -> list[Figure]:
    """Measure the subjects wanted on the databases wanted."""
    figures = []
    if reason := stage.start_postgresql():
        figures.append(Figure("all", "postgresql", f"skipped: {reason}"))
    for database, family in product(DATABASES, FAMILIES):
        subjects = [name for name in family if name in (options.subjects or USUAL_SUBJECTS)]
        is_wanted = bool(subjects) and options.database in {None, database} and database in FAMILIES[family][1]
        # SQLite's jobs are compared with PostgreSQL's COPY, which must have the same posts.
        is_yardstick = database == "postgresql" and "job" in subjects
        if (is_wanted or is_yardstick) and (stage.cluster or database != "postgresql"):
            print(f"\n{database}: filling a database for {', '.join(subjects)} ...", flush=True)
            figures += stage.measure(database, subjects if is_wanted else [], family)
    return figures


def verdict(figures: list[Figure], *, quick: bool) -> int:
    """Say which figures were missed; return the exit status."""
    if quick:
        return int(any(figure.failed for figure in figures))
    unclear = [figure for figure in figures if figure.is_unclear]
    missed = [figure for figure in figures if figure.failed or (figure.met is False and not figure.is_unclear)]
    for word, found in {"Missed": missed, "Too noisy to tell": unclear}.items():
        for figure in found:
            print(f"{word}: {figure.name} ({figure.database})")
    if missed:
        return 1
    return 2 if unclear else 0


if __name__ == "__main__":
    sys.exit(main())
