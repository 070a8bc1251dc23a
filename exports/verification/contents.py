"""The contents of an archive's files: checked against the published JSON Schemas, and counted, a piece at a time."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator, RegexOptions

from exports.formats.archive import SCHEMA_VERSION
from exports.formats.portable_files import HEADER
from exports.verification.container import ArchiveError

SCHEMAS = Path(__file__).parent.parent / "static" / "exports" / "schemas"
"""JSON Schema, draft 2020-12; those of earlier versions are in folders."""
MAX_RECORD = 1024 * 1024  # bytes; the longest imported post takes a fifth of it
MAX_HEAD = 4096  # bytes, up to the first record's first key


def check_document(name: str, document: Any, *, version: int, is_part: bool = False) -> None:
    """Raise ArchiveError unless `document` matches the schema of the file `name`; a part may lack entries."""
    validator = _validator(name, version, is_part)
    try:
        error = None if validator.is_valid(document) else next(iter(validator.iter_errors(document)))
    except ValueError as limit:  # such as too deep a nesting
        raise ArchiveError(f"{name}: it cannot be checked: {limit}") from limit
    if error:
        place = "/".join(map(str, error.instance_path))
        raise ArchiveError(f"{name}: {place + ': ' if place else ''}{error.message}")


@cache
def files_with_schema(version: int) -> frozenset[str]:
    """Return the names of the JSON files that an archive of the version can have."""
    folder = _folder(version)
    paths = [*folder.glob("*.json"), *folder.glob("account/*.json")]
    return frozenset(path.relative_to(folder).as_posix() for path in paths)


def _folder(version: int) -> Path:
    return SCHEMAS if version == SCHEMA_VERSION else SCHEMAS / str(version)


@cache
def _validator(name: str, version: int, is_part: bool) -> Draft202012Validator:
    schema: dict[str, Any] = orjson.loads((_folder(version) / name).read_bytes())
    if is_part:
        schema["required"] = []
    return Draft202012Validator(schema, validate_formats=True, pattern_options=RegexOptions(), offline=True)


def read_document(name: str, chunks: Iterable[bytes], *, limit: int = MAX_RECORD) -> Any:
    """Return the JSON of a small file."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > limit:
            raise ArchiveError(f"{name}: it is larger than {limit} bytes")
    return _json(name, data)


def count_records(name: str, list_name: str, chunks: Iterable[bytes], *, version: int) -> int:
    """Check a file `{..., list_name: [record, ...], ...}`; return the number of its records."""
    records = 0
    for document, is_part in _parts(name, list_name, chunks):
        check_document(name, document, version=version, is_part=is_part)
        records += len(document[list_name])
        if not is_part and document.get("totalItems", records) != records:
            raise ArchiveError(f"{name}: it has {records} items, its totalItems says {document['totalItems']}")
    return records


def _parts(name: str, list_name: str, chunks: Iterable[bytes]) -> Iterator[tuple[Any, bool]]:
    """Yield the file as documents of its own shape with some records each; the last has what follows the list, too.

    This takes a tenth of a streaming JSON parser's time. It relies on records that begin with the same key and on
    JSON without spaces: inside a string, a quote is never followed by a key's name.
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
            raise ArchiveError(f"{name}: it has no list {list_name!r}, or a record of more than {MAX_RECORD} bytes")
    yield _json(name, head + rest), False


def _json(name: str, data: bytes | bytearray) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ArchiveError(f"{name}: it is not valid JSON: {error.msg}") from error


def count_rows(name: str, chunks: Iterable[bytes]) -> int:
    """Return the number of rows of `posts.csv` below its header: a line ends one unless a quote is open."""
    rows, quotes, rest, header = 0, 0, b"", HEADER
    for chunk in chunks:
        rest += chunk
        if header and len(rest) >= len(header):
            if not rest.startswith(header):
                raise ArchiveError(f"{name}: it does not begin with its header")
            rest, header = rest.removeprefix(header), b""
        *lines, rest = rest.split(b"\r\n")
        for line in lines:
            quotes += line.count(b'"')
            rows += not quotes % 2
        if len(rest) > MAX_RECORD:
            raise ArchiveError(f"{name}: row {rows + 1}: a line of more than {MAX_RECORD} bytes")
    if rest or quotes % 2 or header:
        raise ArchiveError(f"{name}: row {rows + 1} is incomplete")
    return rows


def count_articles(chunks: Iterable[bytes], begin: bytes) -> int:
    """Return how many elements of a page begin with `begin`: in a member's own text a `<` is written as `&lt;`."""
    articles = 0
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        articles += data.count(begin)
        rest = data[1 - len(begin) :]  # too short to hold a whole one
    return articles
