"""What is in each file of an archive: held against its schema, and counted. Nothing is held longer than a moment."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from exports.formats.spreadsheet import HEADER
from exports.verification.damage import FormatError
from exports.verification.schemas import check_document

MAX_RECORD = 1024 * 1024  # bytes; a post is of a few hundred
MAX_HEAD = 4096  # bytes, up to the first record's first key
COLUMNS = HEADER.decode("utf-8-sig").strip().split(",")


def count_records(name: str, list_name: str, chunks: Iterable[bytes], *, version: int) -> int:
    """Check a file `{..., list_name: [record, ...], ...}`; return the number of its records."""
    records = 0
    for document, is_part in _parts(name, list_name, chunks):
        check_document(name, document, version=version, is_part=is_part)
        records += len(document[list_name])
        if not is_part and document.get("totalItems", records) != records:
            raise FormatError(f"{name}: it has {records} items, its totalItems says {document['totalItems']}")
    return records


def _parts(name: str, list_name: str, chunks: Iterable[bytes]) -> Iterator[tuple[Any, bool]]:
    """Yield the file in documents of its own shape with a few records each; the last has what follows the list, too.

    This is a tenth of the work of a JSON parser that streams. It needs no more than that records begin with the same
    key, and that there are no spaces: in a string no quote can be followed by a key's name.
    """
    chunks = iter(chunks)
    begin = b'"%b":[' % list_name.encode()
    rest = b""
    while len(rest) < MAX_HEAD and (chunk := next(chunks, b"")):
        rest += chunk
    head, found, rest = rest.partition(begin)
    head += found
    key = rest[: rest.find(b'"', 2) + 1]
    separator = b"}," + key
    for chunk in chunks:
        rest += chunk
        cut = rest.rfind(separator) if key.startswith(b'{"') else -1
        if cut >= 0:
            yield _json(name, head + rest[: cut + 1] + b"]}"), True
            rest = rest[cut + 2 :]
        elif len(rest) > MAX_RECORD:
            raise FormatError(f"{name}: it has no list {list_name!r}, or a record of more than {MAX_RECORD} bytes")
    yield _json(name, head + rest), False


def read_document(name: str, chunks: Iterable[bytes], *, limit: int = MAX_RECORD) -> Any:
    """Return a small file's JSON."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > limit:
            raise FormatError(f"{name}: it is larger than {limit} bytes")
    return _json(name, data)


def _json(name: str, data: bytes | bytearray) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise FormatError(f"{name}: it is not valid JSON: {error.msg}") from error


def count_rows(name: str, chunks: Iterable[bytes]) -> int:
    """Check `posts.csv`; return the number of its rows below the header."""
    lines = _Lines(name, chunks)
    rows = -1
    try:
        for row in csv.reader(lines, strict=True):
            lines.since_row = 0
            rows += 1
            if len(row) != len(COLUMNS) or (rows == 0 and row != COLUMNS):
                raise FormatError(f"{name}: line {lines.number}: the columns are not {', '.join(COLUMNS)}")
    except UnicodeDecodeError as error:
        raise FormatError(f"{name}: it is not valid UTF-8 after line {lines.number}") from error
    except csv.Error as error:
        raise FormatError(f"{name}: line {lines.number}: {error}") from error
    return rows


class _Lines:
    """The lines of a text in UTF-8, none of them, and no row of several, longer than the longest record."""

    def __init__(self, name: str, chunks: Iterable[bytes]) -> None:
        self._name = name
        self._chunks = chunks
        self.number = 0
        self.since_row = 0

    def __iter__(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        rest = ""
        for chunk in self._chunks:
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            for line in lines:
                self._count(line)
                yield line + "\n"
            self._check(len(rest))
        decoder.decode(b"", final=True)
        if rest:
            self._count(rest)
            yield rest

    def _count(self, line: str) -> None:
        self.number += 1
        self.since_row += len(line)
        self._check(self.since_row)

    def _check(self, length: int) -> None:
        if length > MAX_RECORD:
            raise FormatError(f"{self._name}: line {self.number}: a row of more than {MAX_RECORD} characters")


def count_articles(chunks: Iterable[bytes], begin: bytes) -> int:
    """Return how many articles a page has that `begin` so: in a member's own text a `<` stands as `&lt;`."""
    articles = 0
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        articles += data.count(begin)
        rest = data[1 - len(begin) :]  # too short to hold a whole one
    return articles
