"""Archives made by hand, and what a reader finds in them."""

import gzip
import io
import json
import tarfile
import zipfile
from typing import Any

from imports.archives.archive import open_archive
from imports.reader import Entry, Found, Reader, Skipped, reader_of


def zip_of(**files: Any) -> bytes:
    """Return a ZIP; `files` is name -> content: bytes, text, or anything that is written as JSON."""
    return zip_of_files(files)


def zip_of_files(files: dict[str, Any]) -> bytes:
    """Return a ZIP of files by their names, which may hold slashes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, as_bytes(content))
    return buffer.getvalue()


def tar_gz_of_files(files: dict[str, Any]) -> bytes:
    """Return a `.tar.gz` of files by their names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(as_bytes(content))
            packed.addfile(info, io.BytesIO(as_bytes(content)))
    return gzip.compress(buffer.getvalue())


def as_bytes(content: Any) -> bytes:
    """Return bytes as they are, text in UTF-8, anything else as JSON."""
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


def entries_of(content: bytes, name: str = "archive.zip") -> list[Entry]:
    """Return all entries of an uploaded file."""
    with open_archive(io.BytesIO(content), name) as archive:
        return list(_reader(archive).entries())


def posts_of(content: bytes, name: str = "archive.zip") -> list[Found]:
    """Return the posts alone."""
    return [entry for entry in entries_of(content, name) if isinstance(entry, Found)]


def skipped_of(content: bytes, name: str = "archive.zip") -> list[Skipped]:
    """Return what cannot be imported."""
    return [entry for entry in entries_of(content, name) if isinstance(entry, Skipped)]


def label_of(content: bytes, name: str = "archive.zip") -> str | None:
    """Return the label of the reader that recognises the file, None if none does."""
    with open_archive(io.BytesIO(content), name) as archive:
        reader = reader_of(archive)
        return reader.label if reader else None


def _reader(archive: Any) -> Reader:
    reader = reader_of(archive)
    assert reader, "no reader recognises it"
    return reader
