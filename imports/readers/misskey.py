"""Misskey, and what comes from it, such as Sharkey: `notes-*.json`, a list of notes."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from imports.archives.archive import Archive
from imports.archives.json_stream import json_head, json_items
from imports.reader import Entry, Found, Kind, Reader, Skipped, register_reader
from imports.readers.activitypub import kind_of
from imports.reasons import Reason
from imports.values import time_of

KEYS = (b'"id"', b'"createdAt"', b'"visibility"')
KEYS_OF_IT_ALONE = (b'"renoteId"', b'"localOnly"')
LIST = re.compile(rb"\s*\[\s*\{")
ID = re.compile(r"[A-Za-z0-9]{1,64}")
MAX_FILES = 100
"""Files of notes that are looked at: in a .tar.gz each is searched from the beginning."""
KINDS = {"public": Kind.PUBLIC, "home": Kind.UNLISTED}
"""By visibility; every other one is private."""
MAX_RECENT = 10_000
"""Notes, in about a megabyte of memory."""
FIRST = datetime(2014, 1, 1, tzinfo=UTC)
"""Before Misskey's first note."""


@register_reader
class MisskeyReader(Reader):
    """Reads a list of notes, alone or in a ZIP. Where the server is, it does not say: so notes have no address."""

    label = "Misskey"

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        """Return whether a file is a list of objects with the keys of notes."""
        return any(True for _ in _note_files(archive))

    def entries(self) -> Iterator[Entry]:
        """Yield the notes."""
        position, own = 0, RecentIds()
        for name in _note_files(self.archive):
            for note in json_items(self.archive, name, "item"):
                position += 1
                yield _entry(note, position, own)


def _note_files(archive: Archive) -> Iterator[str]:
    for name in archive.names if archive.is_single else archive.find_all("notes-*.json")[:MAX_FILES]:
        head = json_head(archive, name)
        if LIST.match(head) and all(key in head for key in KEYS) and any(key in head for key in KEYS_OF_IT_ALONE):
            yield name


class RecentIds:
    """The ids of the latest notes, by which a thread is known: a reply does not say whose note it replies to."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def add(self, note_id: str) -> None:
        """Remember an id, and forget the oldest beyond MAX_RECENT."""
        self._ids[note_id] = None
        if len(self._ids) > MAX_RECENT:
            del self._ids[next(iter(self._ids))]

    def __contains__(self, note_id: Any) -> bool:
        return isinstance(note_id, str) and note_id in self._ids


def _entry(note: Any, position: int, own: RecentIds) -> Entry:
    match note:
        case {"id": str(source_id), "text": str() | None, "visibility": str(visibility)} if ID.fullmatch(source_id):
            written_at = _moment(note.get("createdAt"))
            own.add(source_id)
        case _:
            return Skipped(Reason.UNREADABLE, detail=f"note {position} has no id, text or visibility")
    if visibility not in KINDS:
        return Skipped(Reason.PRIVATE, written_at=written_at)
    body = _body(note)
    if not body:
        return Skipped(Reason.BOOST if note.get("renoteId") else Reason.NO_TEXT, written_at=written_at)
    if written_at is None:
        return Skipped(Reason.BAD_TIME)
    is_unlisted, replied = visibility == "home", note.get("replyId")
    kind = kind_of(is_unlisted=is_unlisted, is_reply=bool(replied), is_own=replied in own)
    return Found(source_id, written_at, body, "", kind, position, _pictures(note), is_unlisted)


def _body(note: dict[str, Any]) -> str:
    """Return the warning, the text and the poll; empty if there is no more than a warning."""
    warning = note.get("cw")
    body = "\n".join([note["text"] or "", *_options(note.get("poll"))]).strip()
    return f"{warning}\n\n{body}" if body and isinstance(warning, str) and warning else body


def _options(poll: Any) -> Iterator[str]:
    choices = poll.get("choices") if isinstance(poll, dict) else None
    for choice in choices if isinstance(choices, list) else []:
        match choice:
            case str(text) | {"text": str(text)}:
                yield f"- {text}"


def _pictures(note: dict[str, Any]) -> int:
    files = note.get("fileIds") or note.get("files")
    return len(files) if isinstance(files, list) else 0


def _moment(value: Any) -> datetime | None:
    """Return the time in UTC, None if it cannot be right."""
    moment = time_of(value)
    return moment if moment and FIRST <= moment <= timezone.now() else None
