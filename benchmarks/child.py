"""One database under measurement, in a process of its own: Django's settings are those of one database.

Started by `benchmarks.__main__`, with the settings in the environment. Fills the empty database, measures the
subjects named, and leaves the figures as JSON.
"""

import argparse
import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import django
import orjson

from benchmarks.figures import Figure, UnavailableError
from benchmarks.plan import member_name
from development import embedded_server

if TYPE_CHECKING:
    from benchmarks.bench import Bench


def main() -> None:
    """Measure, and leave nothing running."""
    signal.signal(signal.SIGTERM, _stop)
    parser = argparse.ArgumentParser()
    parser.add_argument("subjects", nargs="*")
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--copy-url", default="")
    options = parser.parse_args()
    var_dir = embedded_server.var_dir()
    os.environ["REDIS_URL"] = embedded_server.join(var_dir)
    try:
        _prepare(options.sizes, pages=bool(options.subjects))
        figures = list(_measure(options))
    finally:
        embedded_server.leave(var_dir)
    (options.folder / "figures.json").write_bytes(orjson.dumps([asdict(figure) for figure in figures]))


def _stop(_signum: int, _frame: object) -> NoReturn:
    """End at once, but in order; a second request changes nothing."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def _prepare(sizes: list[int], *, pages: bool) -> None:
    """Set up Django, and make the database, and the static files if there will be pages."""
    django.setup()
    logging.disable(logging.INFO)
    management = importlib.import_module("django.core.management")
    management.call_command("migrate", verbosity=0)
    if pages:
        management.call_command("collectstatic", verbosity=0, interactive=False)
    if sizes:
        importlib.import_module("benchmarks.fill").fill({member_name(size): size for size in sizes})


def _measure(options: argparse.Namespace) -> Iterator[Figure]:
    bench: Bench = importlib.import_module("benchmarks.bench").Bench(
        database=options.database,
        quick=options.quick,
        sizes=tuple(options.sizes),
        folder=options.folder,
        copy_url=options.copy_url,
    )
    for name in options.subjects:
        for figure in _measured(name, bench):
            print("  ".join(part for part in figure.row(judged=False)[:-1] if part), flush=True)
            yield figure


def _measured(name: str, bench: "Bench") -> Iterator[Figure]:
    """Yield a subject's figures; what cannot be measured is said in their place."""
    try:
        yield from importlib.import_module(f"benchmarks.subjects.{name}").measure(bench)
    except UnavailableError as error:
        yield Figure(name, bench.database, f"skipped: {error}")
    except Exception as error:
        traceback.print_exc()
        yield Figure(name, bench.database, f"failed: {type(error).__name__}", failed=True)


if __name__ == "__main__":
    main()
