"""Bluesky: the repository that the app calls "account data", one CAR file."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from imports.archives.archive import Archive, ArchiveError
from imports.archives.car import BlockError, CarFile, car_header, is_cid
from imports.reader import Entry, Found, Kind, Reader, Skipped, register_reader
from imports.reasons import Reason
from imports.values import time_of

POST, REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"
LAUNCH = datetime(2022, 11, 1, tzinfo=UTC)
"""Before Bluesky's first post."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_SOURCE_ID = 255
DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]+")
NAME = re.compile(r"[A-Za-z0-9._:~-]+")
QUOTED = re.compile(rf"at://({DID.pattern})/{re.escape(POST)}/({NAME.pattern})")
HTTP = re.compile(r"https?://\S+", re.IGNORECASE)
TID = re.compile(r"[2-7ab][2-7a-z]{12}")
TID_DIGITS = str.maketrans("234567abcdefghijklmnopqrstuvwxyz", "0123456789abcdefghijklmnopqrstuv")
CONTINUING = range(0x80, 0xC0)
"""The bytes of UTF-8 inside a character."""
CLOCK_BITS = 10
"""The lowest bits of a TID, which tell clocks apart; the others are microseconds since 1970."""


@register_reader
class BlueskyReader(Reader):
    """Reads a `repo.car`, alone or in a ZIP."""

    label = "Bluesky"

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        """Return whether its only CAR file begins as one."""
        name = _car_name(archive)
        return name is not None and car_header(archive.head(name)) is not None

    def owner(self) -> str:
        """Return the DID: no handle is in the archive."""
        return self._repository[1]

    def entries(self) -> Iterator[Entry]:
        """Yield posts and reposts, the oldest first: of nothing else the text is somebody's post."""
        car, did, tree = self._repository
        for key, cid in car.records(tree):
            collection, _, name = key.partition("/")
            if collection == REPOST:
                yield Skipped(Reason.BOOST, written_at=_written_at(None, name))
            elif collection == POST:
                yield _post(car, did, name, cid)

    @cached_property
    def _repository(self) -> tuple[CarFile, str, bytes]:
        """Return the file, whose it is, and the CID of its tree."""
        name = _car_name(self.archive)
        if not name:
            raise ArchiveError("damaged")
        car = CarFile(self.archive, name)
        match car.read(car.root):
            case {"did": str(did), "data": tree} if DID.fullmatch(did) and is_cid(tree):
                return car, did, tree
        raise car.error("damaged", "its root is no repository")


def _car_name(archive: Archive) -> str | None:
    names = archive.names if archive.is_single else archive.find_all("*.car")
    return names[0] if len(names) == 1 else None


def _post(car: CarFile, did: str, name: str, cid: bytes) -> Entry:
    source_id = f"at://{did}/{POST}/{name}"
    if not NAME.fullmatch(name) or len(source_id) > MAX_SOURCE_ID:
        return Skipped(Reason.UNREADABLE, detail="its key is none of a post")
    url = _url(did, name)
    try:
        record = car.read(cid)
    except BlockError as error:
        return Skipped(Reason.UNREADABLE, url, _written_at(None, name), error.params["detail"])
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        return Skipped(Reason.UNREADABLE, url, _written_at(None, name), "it has no text")
    written_at = _written_at(record.get("createdAt"), name)
    if written_at is None:
        return Skipped(Reason.BAD_TIME, url)
    body, pictures = _body(record)
    if not body:
        return Skipped(Reason.NO_TEXT, url, written_at)
    return Found(source_id, written_at, body, url, _kind(record, did), _tid(name), pictures)


def _kind(record: dict[str, Any], did: str) -> Kind:
    match record.get("reply"):
        case None:
            return Kind.PUBLIC
        case {"parent": {"uri": str(uri)}} if uri.startswith(f"at://{did}/"):
            return Kind.THREAD
    return Kind.REPLY


def _body(record: dict[str, Any]) -> tuple[str, int]:
    """Return the text with what it links to, empty if it says nothing itself, and the number of pictures."""
    body = _with_addresses(record["text"], record.get("facets"))
    embed = record.get("embed")
    media = embed.get("media", embed) if isinstance(embed, dict) else None
    pictures = 0
    match media:
        case {"external": {"uri": str(uri)}} if HTTP.fullmatch(uri) and uri not in body:
            body = _with_line(body, uri)
        case {"images": [*images]}:
            pictures = len(images)
        case {"video": _}:
            pictures = 1
    match embed:
        case {"record": {"uri": str(uri)} | {"record": {"uri": str(uri)}}} if quoted := QUOTED.fullmatch(uri):
            body = body and _with_line(body, _url(*quoted.groups()))
    return body, pictures


def _with_line(body: str, line: str) -> str:
    return f"{body}\n{line}" if body else line


def _with_addresses(text: str, facets: Any) -> str:
    """Return the text, stripped, with links' whole addresses: the app shortens what it shows of them."""
    content = text.encode()
    pieces: list[bytes] = []
    done = 0
    for start, end, uri in sorted(_links(content, facets)):
        if start >= done:
            pieces += [content[done:start], uri]
            done = end
    return b"".join([*pieces, content[done:]]).decode().strip()


def _links(content: bytes, facets: Any) -> Iterator[tuple[int, int, bytes]]:
    """Yield (first byte, byte after the last, address) of the links whose bytes are whole characters of the text."""
    for facet in facets if isinstance(facets, list) else []:
        match facet:
            case {"index": {"byteStart": int(start), "byteEnd": int(end)}, "features": [*features]}:
                addresses = filter(None, map(_address, features))
                if 0 <= start < end <= len(content) and _are_whole(content, start, end):
                    yield from ((start, end, uri.encode()) for uri in addresses)


def _address(feature: Any) -> str:
    match feature:
        case {"$type": "app.bsky.richtext.facet#link", "uri": str(uri)} if HTTP.fullmatch(uri):
            return uri
    return ""


def _are_whole(content: bytes, start: int, end: int) -> bool:
    edges = content[start : start + 1] + content[end : end + 1]
    return not any(byte in CONTINUING for byte in edges)


def _url(did: str, name: str) -> str:
    return f"https://bsky.app/profile/{did}/post/{name}"


def _written_at(claimed: Any, name: str) -> datetime | None:
    """Return when a post was written: as its client claims, otherwise by its key; None if neither can be right."""
    tid = _tid(name)
    times = (time_of(claimed), EPOCH + timedelta(microseconds=tid >> CLOCK_BITS))
    now = timezone.now()
    return next((time for time in times if time and LAUNCH <= time <= now), None)


def _tid(name: str) -> int:
    """Return a key as a number; 0 if it is not made of the time."""
    return int(name.translate(TID_DIGITS), 32) if TID.fullmatch(name) else 0
