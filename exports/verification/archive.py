"""Verify an archive: its files are those of its manifest, unchanged, and have as many records as it counts."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from accounts.member_data import Part
from exports.formats.activity_streams import EMPTY_COLLECTIONS, OUTBOX_ITEMS
from exports.formats.archive import SCHEMA_VERSION
from exports.formats.file_groups import files_of
from exports.verification.container import MANIFEST, ArchiveError, Container
from exports.verification.contents import (
    check_document,
    count_articles,
    count_records,
    count_rows,
    files_with_schema,
    read_document,
)

KNOWN_VERSIONS = range(1, SCHEMA_VERSION + 1)
MAX_MANIFEST = 16 * 1024 * 1024  # bytes: about 100,000 files, a hundred million posts
PAGE_NAME = re.compile(r"(pages|messages|people/following|people/followers)[/-][0-9]+(-[0-9]+)?\.html")

# Folder of pages -> the count that they must agree with, and how each record begins there.
PERSON = b'<li class="person">'
PAGES = {
    "pages": ("posts", b'<article id="p'),
    "messages": ("messages", b'<article id="m'),
    "people/following": ("follows", PERSON),
    "people/followers": ("followers", PERSON),
}
PEOPLE_SINCE = README_SINCE = 3  # the version in which people got pages, and archives README.txt
ACCOUNT_SINCE = 4
DOCUMENTS = ["profile.json", "actor.json", *EMPTY_COLLECTIONS]
"""The JSON files that are no list; any other is the list that it is named after, and counted under that name."""
OUTBOX = "outbox.json"
SPREADSHEET = "posts.csv"

Progress = Callable[[int, int], object]
"""Called with the bytes checked and the bytes in all, unpacked."""


@dataclass(frozen=True)
class Verified:
    """A sound archive."""

    counts: dict[str, int]
    files: int
    size: int  # bytes
    snapshot_at: str
    is_repacked: bool
    """Whether another program packed the files again; their contents are unchanged."""


def verify_archive(path: Path, on_progress: Progress = lambda _done, _total: None) -> Verified:
    """Check the archive at `path` from end to end.

    Raises ArchiveError with what is wrong, and OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        container = Container(file)
        manifest = _read_manifest(container)
        _check_files(container, manifest, on_progress)
    return Verified(
        counts=manifest["counts"],
        files=len(container.members),
        size=path.stat().st_size,
        snapshot_at=manifest["snapshot_at"],
        is_repacked=container.is_repacked,
    )


def _read_manifest(container: Container) -> dict[str, Any]:
    """Return the manifest, once it is known to list exactly the files of the ZIP."""
    if MANIFEST not in container.members:
        raise ArchiveError(f"{MANIFEST} is missing: it is no archive of this site")
    manifest: Any = read_document(MANIFEST, container.chunks(MANIFEST), limit=MAX_MANIFEST)
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version is not None and version not in KNOWN_VERSIONS:
        *older, newest = map(str, KNOWN_VERSIONS)
        known = f"{', '.join(older)} and {newest}"
        raise ArchiveError(f"{MANIFEST}: its schema_version is {version}; those known here are {known}")
    check_document(MANIFEST, manifest, version=version or SCHEMA_VERSION)
    _check_names([entry["name"] for entry in manifest["files"]], container.members, manifest)
    return {**manifest}


def _check_names(listed: list[str], members: Iterable[str], manifest: dict[str, Any]) -> None:
    present, version = set(members) - {MANIFEST}, manifest["schema_version"]
    known = _files_of_version(version)
    left_out = files_of(_parts_left_out(manifest))
    problems = {
        "is not listed in the manifest": present.difference(listed),
        "is listed in the manifest, and missing": set(listed) - present,
        "is missing": known - left_out - present,
        "is there, though its part was left out": present & left_out,
        f"has no place in version {version}": present & _files_of_version(SCHEMA_VERSION) - known,
        "is listed in the manifest twice": {name for name, times in Counter(listed).items() if times > 1},
    }
    for problem, names in problems.items():
        if names:
            raise ArchiveError(f"{min(names)!r} {problem}")


def _files_of_version(version: int) -> set[str]:
    """Return the files, besides pages, that a complete archive of the version has."""
    readme = {"README.txt"} if version >= README_SINCE else set()
    account = {"account.html"} if version >= ACCOUNT_SINCE else set()
    return {*files_with_schema(version), "index.html", SPREADSHEET, *readme, *account} - {MANIFEST}


def _parts_left_out(manifest: dict[str, Any]) -> set[Part]:
    """Return the parts that the member left out; every archive of an earlier version is complete."""
    return set(Part).difference(manifest["choice"]["parts"]) if "choice" in manifest else set()


def _check_files(container: Container, manifest: dict[str, Any], on_progress: Progress) -> None:
    total = sum(entry["size"] for entry in manifest["files"])
    done = 0
    on_pages: Counter[str] = Counter()
    for entry in manifest["files"]:
        count = _check_file(container, entry, manifest)
        if page := PAGE_NAME.fullmatch(entry["name"]):
            on_pages[page[1]] += count
        done += entry["size"]
        on_progress(done, total)
    for folder, (counted_as, _begin) in PAGES.items():
        if manifest["schema_version"] >= PEOPLE_SINCE or not folder.startswith("people"):
            _check_count(f"the pages of {folder}/ together", on_pages[folder], manifest["counts"], counted_as)


def _check_file(container: Container, entry: dict[str, Any], manifest: dict[str, Any]) -> int:
    """Check the size and the bytes of a file, then its contents; return how many records are in it."""
    name, size = entry["name"], entry["size"]
    actual = container.members[name].file_size
    if actual != size:
        raise ArchiveError(f"{name}: its size is {actual} bytes, the manifest says {size}")
    digest = hashlib.sha256()
    for chunk in container.chunks(name):
        digest.update(chunk)
    if digest.hexdigest() != entry["sha256"]:
        raise ArchiveError(f"{name}: it was changed: its SHA-256 is not the manifest's")
    return _check_contents(name, container.chunks(name), manifest["counts"], manifest["schema_version"])


def _check_contents(name: str, chunks: Iterable[bytes], counts: dict[str, int], version: int) -> int:
    """Check the contents of a file; return how many records are in it."""
    if name == SPREADSHEET:
        return _check_count(name, count_rows(name, chunks), counts, "posts")
    if name in DOCUMENTS:
        check_document(name, read_document(name, chunks), version=version)
    elif name in files_with_schema(version):
        list_name, counted_as = (OUTBOX_ITEMS, "posts") if name == OUTBOX else [PurePosixPath(name).stem] * 2
        return _check_count(name, count_records(name, list_name, chunks, version=version), counts, counted_as)
    page = PAGE_NAME.fullmatch(name)
    return count_articles(chunks, PAGES[page[1]][1]) if page else 0


def _check_count(where: str, found: int, counts: dict[str, int], counted_as: str) -> int:
    counted = counts.get(counted_as, 0)  # early versions do not count all of them
    if found != counted:
        raise ArchiveError(f"{where}: {found} {counted_as} found, the manifest counts {counted}")
    return found
