"""By what the library and the level of the ZIP were chosen: speed and size over the bytes of a real `posts.json`."""

import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any

from isal import isal_zlib

from benchmarks.bench import Bench
from benchmarks.figures import Figure, in_turn, seconds
from exports.building.snapshot import posts_batches
from exports.formats.posts_json import write_posts
from exports.formats.rows import BATCH_SIZE

ROUNDS = 3
POSTS = 200_000  # some 25 MB
CHUNK = 1 << 18


class Chunks:
    """A file to write to that keeps its content in pieces of CHUNK bytes, as an archive is compressed."""

    def __init__(self) -> None:
        self._content = bytearray()

    def write(self, data: bytes | memoryview) -> int:
        """Keep `data`."""
        self._content += data
        return len(data)

    def __iter__(self) -> Iterator[bytes]:
        return (bytes(self._content[start : start + CHUNK]) for start in range(0, len(self._content), CHUNK))


def measure(bench: Bench) -> Iterator[Figure]:
    """Compress with each library and level, in turn; only on SQLite, since the bytes are the same on both."""
    if bench.database != "sqlite":
        return
    output = Chunks()
    with closing(posts_batches(bench.member(bench.largest).pk)) as rows:
        posts = write_posts(islice(rows, POSTS // BATCH_SIZE), output)
    chunks = list(output)
    methods = methods_for(chunks)
    sizes = {name: compress() for name, compress in methods.items()}
    times = in_turn(bench.rounds(ROUNDS), *(timed(compress) for compress in methods.values()))
    size = sum(map(len, chunks))
    for name, series in zip(methods, times, strict=True):
        ours = f"{size / 1e6 / min(series):.0f} MB/s, {sizes[name] / size:.1%} of the size"
        million = seconds(min(series) * 1e6 / posts)
        yield Figure(f"compression: {name}", "", ours, f"{million} a million posts")


def methods_for(chunks: list[bytes]) -> dict[str, Callable[[], int]]:
    """Return, by their names, functions that compress the chunks and return the size."""
    levels: list[tuple[str, Callable[[int], Any], int]]
    levels = [("zlib", zlib.compressobj, level) for level in (1, 6)]
    levels += [("isal", isal_zlib.compressobj, level) for level in range(4)]
    return {f"{name} level {level}": partial(size_of, chunks, make, level) for name, make, level in levels}


def size_of(chunks: list[bytes], make: Callable[[int], Any], level: int) -> int:
    """Return the size of all chunks when compressed."""
    compressor = make(level)
    return sum(len(compressor.compress(chunk)) for chunk in chunks) + len(compressor.flush())


def timed(work: Callable[[], int]) -> Callable[[], float]:
    """Return a function that does the work and returns the seconds it took."""

    def run() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return run
