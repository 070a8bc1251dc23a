"""All checks of an archive, in the order in which the most telling one comes first."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exports.formats.activity_streams import EMPTY_COLLECTIONS
from exports.formats.archive import SCHEMA_VERSION
from exports.verification.container import Container
from exports.verification.contents import count_articles, count_records, count_rows, read_document
from exports.verification.damage import DamagedError, FormatError
from exports.verification.schemas import check_document

KNOWN_VERSIONS = range(1, SCHEMA_VERSION + 1)
MANIFEST = "manifest.json"
MAX_MANIFEST = 16 * 1024 * 1024  # bytes: about 100,000 files, a hundred million posts
PAGE_NAME = re.compile(r"(pages|messages|people/following|people/followers)[/-][0-9]+(-[0-9]+)?\.html")

# File -> its list -> which of the manifest's counts it must agree with.
LISTS = {
    "posts.json": ("posts", "posts"),
    "outbox.json": ("orderedItems", "posts"),
    "follows.json": ("follows", "follows"),
    "followers.json": ("followers", "followers"),
    "messages.json": ("messages", "messages"),
    "skipped.json": ("skipped", "skipped"),
}
# Folder of pages -> which of the manifest's counts they must agree with, and how each record there begins.
PERSON = b'<li class="person">'
PAGES = {
    "pages": ("posts", b'<article id="p'),
    "messages": ("messages", b'<article id="m'),
    "people/following": ("follows", PERSON),
    "people/followers": ("followers", PERSON),
}
PEOPLE_SINCE = 3
"""In which version people have pages."""
DOCUMENTS = ["profile.json", "actor.json", *EMPTY_COLLECTIONS]
SPREADSHEET = "posts.csv"
NEEDED = {*LISTS, *DOCUMENTS, SPREADSHEET, "index.html", "README.txt"}
ADDED = {"messages.json": 2, **dict.fromkeys([*EMPTY_COLLECTIONS, "README.txt"], 3)}
"""In which version a file was added; all others are in each."""

Progress = Callable[[int, int], object]
"""Called with the bytes behind us and the bytes in all, as far as they are known."""


@dataclass(frozen=True)
class Verified:
    """A sound archive."""

    counts: dict[str, int]
    files: int
    size: int  # bytes
    snapshot_at: str


def verify_archive(path: Path, on_progress: Progress = lambda _done, _total: None) -> Verified:
    """Check the archive at `path` from end to end.

    Raises DamagedError with what is wrong: of several faults, the one that is nearest to the damage. OSError if the
    file cannot be read.
    """
    with path.open("rb") as file:
        return _Verification(Container(file), on_progress).run()


class _Verification:
    def __init__(self, container: Container, on_progress: Progress) -> None:
        self._container = container
        self._on_progress = on_progress
        self._done = 0
        self._total = container.size
        self._version = SCHEMA_VERSION

    def run(self) -> Verified:
        is_seal_whole = self._container.is_seal_whole(self._advance)
        manifest = self._manifest()
        counts: dict[str, int] = manifest["counts"]
        on_pages: Counter[str] = Counter()
        for entry in manifest["files"]:
            count = self._file(entry, counts)
            if page := PAGE_NAME.fullmatch(entry["name"]):
                on_pages[page[1]] += count
        for folder, (counted_as, _begin) in PAGES.items():
            if folder.startswith("people") and self._version < PEOPLE_SINCE:
                continue
            _check_count(f"the pages of {folder}/ together", on_pages[folder], counts, counted_as)
        if not is_seal_whole:
            raise DamagedError("the seal is broken: it was changed after it was made, though each file in it is intact")
        return Verified(counts, len(self._container.members), self._container.size, manifest["snapshot_at"])

    def _manifest(self) -> dict[str, Any]:
        """Return the manifest, which lists exactly the files that are there."""
        members = self._container.members
        if MANIFEST not in members:
            raise DamagedError(f"{MANIFEST} is missing: it is no archive of this site")
        manifest: Any = read_document(MANIFEST, self._container.chunks(MANIFEST), limit=MAX_MANIFEST)
        version = manifest.get("schema_version") if isinstance(manifest, dict) else None
        if version is not None and version not in KNOWN_VERSIONS:
            *older, newest = map(str, KNOWN_VERSIONS)
            known = f"{', '.join(older)} and {newest}"
            raise DamagedError(f"{MANIFEST}: its schema_version is {version}; those known here are {known}")
        self._version = version or SCHEMA_VERSION
        check_document(MANIFEST, manifest, version=self._version)
        files: list[dict[str, Any]] = manifest["files"]
        _check_names([entry["name"] for entry in files], members, self._version)
        self._total += sum(entry["size"] for entry in files)
        return {**manifest}

    def _file(self, entry: dict[str, Any], counts: dict[str, int]) -> int:
        """Check one file; return how many posts, people or other things are in it.

        Bytes that are not those of the manifest are said before what is wrong with them.
        """
        name, size = entry["name"], entry["size"]
        actual = self._container.members[name].size
        if actual != size:
            raise DamagedError(f"{name}: its size is {actual} bytes, the manifest says {size}")
        chunks = _Hashed(self._container.chunks(name), self._advance)
        problem = None
        count = 0
        try:
            count = _contents(name, chunks, counts, self._version)
        except FormatError as error:
            problem = error
        sha256 = chunks.finish()
        if sha256 != entry["sha256"]:
            raise DamagedError(f"{name}: its SHA-256 is {sha256}, the manifest says {entry['sha256']}")
        if problem:
            raise problem
        return count

    def _advance(self, size: int) -> None:
        self._done += size
        self._on_progress(self._done, self._total)


class _Hashed:
    """Chunks, hashed on their way."""

    def __init__(self, chunks: Iterator[bytes], on_read: Callable[[int], object]) -> None:
        self._chunks = chunks
        self._on_read = on_read
        self._sha256 = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._sha256.update(chunk)
            self._on_read(len(chunk))
            yield chunk

    def finish(self) -> str:
        """Read what is left; return the digest of all."""
        for _chunk in self:
            pass
        return self._sha256.hexdigest()


def _contents(name: str, chunks: Iterable[bytes], counts: dict[str, int], version: int) -> int:
    if name in LISTS:
        list_name, counted_as = LISTS[name]
        return _check_count(name, count_records(name, list_name, chunks, version=version), counts, counted_as)
    if name == SPREADSHEET:
        return _check_count(name, count_rows(name, chunks), counts, "posts")
    if name in DOCUMENTS:
        check_document(name, read_document(name, chunks), version=version)
    page = PAGE_NAME.fullmatch(name)
    return count_articles(chunks, PAGES[page[1]][1]) if page else 0


def _check_count(where: str, found: int, counts: dict[str, int], counted_as: str) -> int:
    counted = counts.get(counted_as, 0)  # nothing in a version that did not know it
    if found != counted:
        raise FormatError(f"{where}: {found} {counted_as} found, the manifest counts {counted}")
    return found


def _check_names(listed: list[str], members: Iterable[str], version: int) -> None:
    there = set(members) - {MANIFEST}
    of_later_versions = {name for name, added in ADDED.items() if added > version}
    problems = {
        "is not listed in the manifest": there.difference(listed),
        "is listed in the manifest, and missing": set(listed) - there,
        "is missing": NEEDED - of_later_versions - there,
        f"has no place in version {version}": of_later_versions & there,
        "is listed in the manifest twice": {name for name, times in Counter(listed).items() if times > 1},
    }
    for problem, names in problems.items():
        if names:
            raise DamagedError(f"{min(names)!r} {problem}")
