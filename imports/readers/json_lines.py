"""JSON lines, as programs write them: a post a line, `{"timestamp": ISO 8601 with offset, "body": text}`."""

import codecs
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from imports.archives.archive import Archive
from imports.reader import Entry, Reader, register_reader
from imports.readers.microblog import PostIds, entry_of

MAX_LINE = 1024 * 1024
"""Bytes: the longest post that can be imported, fully escaped, needs less."""


@register_reader
class JsonLinesReader(Reader):
    """Reads a single file of lines."""

    label = "JSON lines"

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        """Return whether one of the first lines is a post."""
        if not archive.is_single:
            return False
        lines = archive.head(archive.names[0]).removeprefix(codecs.BOM_UTF8).splitlines()
        return any({"timestamp", "body"} <= _record(line).keys() for line in lines)

    def entries(self) -> Iterator[Entry]:
        """Yield the posts, in the order of the lines."""
        ids = PostIds()
        with self.archive.open(self.archive.names[0]) as file:
            for number, line in _lines(file):
                yield entry_of(_record(line), ids, number, f"line {number}")


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines with their numbers, without blank ones. One that is too long is cut, and so is no JSON."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE)
        line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if line.strip():
            yield number, line


def _record(line: bytes) -> dict[str, Any]:
    """Return the object of a line; an empty one for a line that is none."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}
