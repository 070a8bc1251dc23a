"""Mastodon's archives, and those of the servers that write the same outbox: Pleroma, Akkoma, GoToSocial and others."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from imports.archives.archive import Archive, ArchiveError
from imports.archives.json_stream import json_document, json_head, json_items
from imports.html_text import full_names, host_of, html_text
from imports.reader import Entry, Found, Kind, Reader, Skipped, register_reader
from imports.reasons import Reason
from imports.values import LONGEST_ID, as_list, objects_of, safe_url, time_of

ITEMS = "orderedItems"
PUBLIC = {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}
POSTS = ("Note", "Question")
_TOTAL = re.compile(rb'"totalItems"\s*:\s*(\d{1,9})\b')
_ACTOR = re.compile(rb'"actor"\s*:\s*"(https?://[^/"\\]+/)(?:users/|@)([\w.-]+)"')
_MASTODON = re.compile(rb'"id"\s*:\s*"https?://[^/"\\]+/(?:ap/)?users/[^/"\\]+/statuses/\d+[/"]')
_SERVER = re.compile(rb'"actor"\s*:\s*"(https?://[^/"\\]+)/')
_HOST = re.compile(r"[a-z0-9.-]{1,90}(?::\d{1,5})?")
_LAST_NUMBER = re.compile(r"/(\d{1,19})/?$")


class DamagedError(ValueError):
    """An entry of the archive cannot be read; the text says why."""


@register_reader
class MastodonReader(Reader):
    """Reads `outbox.json`, in an archive or by itself."""

    label = "Mastodon"

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        """Return whether there is an outbox."""
        name = _outbox(archive)
        head = json_head(archive, name).lstrip() if name else b""
        return head.startswith(b"{") and f'"{ITEMS}"'.encode() in head

    @property
    def source(self) -> str:
        """Return Mastodon if ids have its form, or else the server's host: other software writes the same outbox."""
        found = None if _MASTODON.search(self._head) else _SERVER.search(self._head)
        host = host_of(found[1].decode(errors="replace")).lower() if found else ""
        return host if _HOST.fullmatch(host) else self.label

    @cached_property
    def _head(self) -> bytes:
        return json_head(self.archive, _outbox(self.archive))

    def owner(self) -> str:
        """Return `@user@host`, from the profile or else the first activity."""
        return _owner_by_profile(self.archive) or _owner_by_activity(self._head)

    def expected(self) -> int:
        """Return the total that stands before the list."""
        found = _TOTAL.search(self._head.partition(f'"{ITEMS}"'.encode())[0])
        return int(found[1]) if found else 0

    def entries(self) -> Iterator[Entry]:
        """Yield the activities."""
        return each_entry(entry_of_activity, json_items(self.archive, _outbox(self.archive), f"{ITEMS}.item"))


def each_entry(entry_of: Callable[[Any], Entry], items: Iterable[Any]) -> Iterator[Entry]:
    """Yield what `entry_of` returns for each item; of one for which it raises ValueError, what is wrong."""
    for number, item in enumerate(items, 1):
        try:
            entry = entry_of(item)
        except ValueError as error:  # of Python for a character reference of thousands of digits, too
            entry = Skipped(Reason.UNREADABLE, detail=f"entry {number}: {error}")
        yield entry


def entry_of_activity(item: Any) -> Entry:
    """Return what an item of an outbox is. Raises DamagedError."""
    if isinstance(item, str):
        return Skipped(Reason.OTHER, safe_url(item))
    activity = object_of(item)
    note = activity.get("object")
    if activity.get("type") == "Create" and not isinstance(note, str):
        return _entry_of_note(object_of(note), activity)
    reason = Reason.BOOST if activity.get("type") == "Announce" else Reason.OTHER
    return Skipped(reason, safe_url(note, activity.get("id")), time_of(activity.get("published")))


def _entry_of_note(note: dict[str, Any], activity: dict[str, Any]) -> Entry:
    link = safe_url(note.get("url"), note.get("id"))
    published = note.get("published") or activity.get("published")
    to, cc = _addressees(note, activity)
    is_direct = note.get("directMessage") or activity.get("directMessage")  # Pleroma's
    if is_direct or PUBLIC.isdisjoint(to | cc):
        return Skipped(Reason.PRIVATE, link, time_of(published))
    if note.get("type") not in POSTS:
        return Skipped(Reason.OTHER, link, time_of(published))
    replied = _ids(note.get("inReplyTo")) | _ids(note.get("inReplyToAtomUri"))
    is_unlisted = PUBLIC.isdisjoint(to)
    mentions = [tag for tag in objects_of(note.get("tag")) if tag.get("type") == "Mention"]
    options = [*objects_of(note.get("oneOf")), *objects_of(note.get("anyOf"))]
    return post_entry(
        source_id=note.get("id"),
        url=link,
        published=published,
        kind=kind_of(is_unlisted=is_unlisted, is_reply=bool(replied), is_own=_are_own(replied, note, activity)),
        is_unlisted=is_unlisted,
        warning=note.get("summary"),
        html=note.get("content"),
        mentions=[(mention.get("href"), mention.get("name")) for mention in mentions],
        options=[option.get("name") for option in options],
        pictures=len(objects_of(note.get("attachment"))),
    )


def _are_own(replied: set[str], note: dict[str, Any], activity: dict[str, Any]) -> bool:
    """Return whether one of the posts replied to is by the author.

    Mastodon's ids begin with their author's. Pleroma's don't: it addresses a reply to the author it replies to.
    """
    if not replied:
        return False
    authors = _ids(activity.get("actor")) | _ids(note.get("attributedTo"))
    own = tuple(f"{author}/" for author in authors)
    return any(address.startswith(own) for address in replied) or not authors.isdisjoint(_addressees(note, activity)[0])


def post_entry(
    *,
    source_id: Any,
    url: str,
    published: Any,
    kind: Kind,
    is_unlisted: bool,
    warning: Any,
    html: Any,
    mentions: Iterable[tuple[Any, Any]],
    options: list[Any],
    pictures: int,
) -> Entry:
    """Return a public post, with its content warning before and the options of its poll after the text.

    Mentions are addresses and names. Raises DamagedError if it has no id, or a text that is none.
    """
    if not isinstance(source_id, str) or not 0 < len(source_id) <= LONGEST_ID or not source_id.isprintable():
        raise DamagedError("it has no id, or none that can be stored")
    if html is not None and not isinstance(html, str):
        raise DamagedError("its content is not a text")
    written_at = time_of(published)
    if written_at is None:
        return Skipped(Reason.BAD_TIME, url)
    names = full_names([pair for pair in mentions if all(isinstance(part, str) for part in pair)])
    text = html_text(html or "", names)
    poll = "\n".join([f"- {option}" for option in options if isinstance(option, str)])
    if not text and not poll:
        return Skipped(Reason.NO_TEXT, url, written_at)
    before = warning.strip() if isinstance(warning, str) else ""
    body = "\n\n".join([part for part in (before, text, poll) if part])
    order = _last_number(source_id)
    return Found(source_id, written_at, body, url, kind, order, pictures, is_unlisted)


def kind_of(*, is_unlisted: bool, is_reply: bool, is_own: bool) -> Kind:
    """Return the kind of a post that everyone may see; `is_own` tells whether it replies to one of their own."""
    if is_reply and not is_own:
        return Kind.REPLY
    if is_unlisted:
        return Kind.UNLISTED
    return Kind.THREAD if is_reply else Kind.PUBLIC


def object_of(value: Any) -> dict[str, Any]:
    """Return an object of the JSON as it is. Raises DamagedError for anything else."""
    if not isinstance(value, dict):
        raise DamagedError("it is not an object, or has none")
    return value


def _addressees(note: dict[str, Any], activity: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Return `to` and `cc`. Pleroma's are sometimes of the activity alone."""
    addressed = activity if note.get("to") is None and note.get("cc") is None else note
    return _ids(addressed.get("to")), _ids(addressed.get("cc"))


def _ids(value: Any) -> set[str]:
    if not value:
        return set()
    if isinstance(value, str):
        return {value}
    ids = [item.get("id") if isinstance(item, dict) else item for item in as_list(value)]
    return {item for item in ids if isinstance(item, str) and item}


def _last_number(source_id: str) -> int:
    found = _LAST_NUMBER.search(source_id)
    return int(found[1]) if found else 0


def _outbox(archive: Archive) -> str:
    return archive.names[0] if archive.is_single else archive.find("outbox.json") or ""


def _owner_by_profile(archive: Archive) -> str:
    name = archive.find("actor.json")
    try:
        actor = json_document(archive, name) if name else None
    except ArchiveError:
        return ""
    if not isinstance(actor, dict):
        return ""
    return owner_name(safe_url(actor.get("id"), actor.get("url")), actor.get("preferredUsername"))


def owner_name(address: str, name: Any) -> str:
    """Return `@user@host` by a person's address and name, empty if one is missing."""
    full = full_names([(address, name)])[address] if address and name and isinstance(name, str) else ""
    return full if len(full) <= LONGEST_ID and full.isprintable() else ""


def _owner_by_activity(head: bytes) -> str:
    found = _ACTOR.search(head)
    return owner_name(found[1].decode(errors="replace"), found[2].decode()) if found else ""
