"""Each page on a site of 100,000 members, 3 million posts and 5 million follows, beside the same page on a small one.

Both sites are made alike, in databases of the same server, and served by a gunicorn each. The readers sign in, and ask
for each page on one site and the other in turn.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import orjson
from django.db import connection

from benchmarks.bench import Bench
from benchmarks.figures import Figure, compared, in_turn
from benchmarks.servers import gunicorn
from benchmarks.visitor import Visitor
from development.embedded_server import BASE_DIR

ROUNDS = 40
LIMIT = 1.3
LARGE, LARGE_IN_HASTE, SMALL = (100_000, 3_000_000, 5_000_000), (1_000, 20_000, 20_000), (100, 3_000, 1_000)

Pages = dict[str, tuple[str, str]]


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare each page of the two sites."""
    large = os.environ["DATABASE_URL"]
    small = make_database("small")
    pages = {
        url: populate(url, size) for url, size in ((small, SMALL), (large, LARGE_IN_HASTE if bench.quick else LARGE))
    }
    with (
        gunicorn(bench, workers=1, DATABASE_URL=large) as (port, _pid),
        gunicorn(bench, workers=1, DATABASE_URL=small) as (small_port, _small_pid),
    ):
        on_large, on_small = Readers(port, pages[large]), Readers(small_port, pages[small])
        for name in pages[large]:
            ours, yardstick = in_turn(bench.rounds(ROUNDS), on_large.fetching(name), on_small.fetching(name))
            what = "small site"
            yield compared(f"site: {name}", bench.database, ours=ours, yardstick=yardstick, what=what, limit=LIMIT)


def make_database(name: str) -> str:
    """Make another database on the same server; return its address."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    here = connection.settings_dict["NAME"]
    return os.environ["DATABASE_URL"].replace(f"/{here}?", f"/{name}?")


def populate(url: str, size: tuple[int, int, int]) -> Pages:
    """Make a site of that size in the database; return its pages."""
    command = [sys.executable, "-m", "benchmarks.populate", *map(str, size)]
    done = subprocess.run(
        command, cwd=BASE_DIR, env=os.environ | {"DATABASE_URL": url}, stdout=subprocess.PIPE, check=True
    )
    pages: Pages = orjson.loads(done.stdout)
    return pages


class Readers:
    """Those who read the pages of one site, each signed in once."""

    def __init__(self, port: int, pages: Pages) -> None:
        self._port = port
        self._pages = pages
        self._visitors = {"": Visitor(port)}

    def fetching(self, name: str) -> Callable[[], float]:
        """Return a function that fetches the page and returns the seconds it took; it was fetched before."""
        reader, address = self._pages[name]
        if reader not in self._visitors:
            self._visitors[reader] = Visitor(self._port).sign_in(reader)
        fetch = partial(seconds_to_fetch, self._visitors[reader], address)
        fetch()  # as on a site that is in use: what is asked for again is in memory
        return fetch


def seconds_to_fetch(visitor: Visitor, path: str) -> float:
    """Fetch the page, and return the seconds it took."""
    started = time.perf_counter()
    if (status := visitor.get(path)) != 200:
        raise RuntimeError(f"{path} was answered with {status}.")
    return time.perf_counter() - started
