"""Files of posts in the form of Mastodon's API, as the tool mastodon-archive writes them."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

from imports.archives.archive import Archive, ArchiveError
from imports.archives.json_stream import json_head, json_items
from imports.reader import Entry, Reader, Skipped, register_reader
from imports.readers.activitypub import (
    MastodonReader,
    each_entry,
    kind_of,
    object_of,
    owner_name,
    post_entry,
)
from imports.reasons import Reason
from imports.values import objects_of, safe_url, time_of


class StatusesReader(Reader):
    """Reads a file of statuses, by itself or in an archive; subclasses say where they are in it."""

    filename: ClassVar[str] = ""
    """Its name in an archive."""
    items: ClassVar[str]
    """The path of the list in the JSON, as `json_items` takes it."""
    begins: ClassVar[bytes]
    keys: ClassVar[tuple[bytes, ...]]
    """How the file begins, and which names it has there."""

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        """Return whether there is such a file."""
        name = cls._name(archive)
        head = json_head(archive, name).lstrip() if name else b""
        return head.startswith(cls.begins) and all(b'"%b"' % key in head for key in cls.keys)

    @classmethod
    def _name(cls, archive: Archive) -> str:
        return archive.names[0] if archive.is_single else archive.find(cls.filename) or ""

    def owner(self) -> str:
        """Return `@user@host`, from the first status."""
        return owner_name(safe_url(self._author.get("url")), self._author.get("acct"))

    def entries(self) -> Iterator[Entry]:
        """Yield the statuses."""
        return each_entry(_entry_of_status, self._statuses())

    @cached_property
    def _author(self) -> dict[str, Any]:
        """The account of the first status."""
        try:
            return _account(next(self._statuses(), None))
        except ArchiveError:
            return {}

    def _statuses(self) -> Iterator[Any]:
        return json_items(self.archive, self._name(self.archive), self.items)


@register_reader
class MastodonArchiveReader(StatusesReader):
    """Reads the file of the tool mastodon-archive."""

    label = "mastodon-archive"
    items = "statuses.item"
    begins = b"{"
    keys = (b"account", b"statuses")

    @property
    def source(self) -> str:
        """Return Mastodon's: the posts are the same as in its archives, and so are their ids."""
        return MastodonReader.label


def _entry_of_status(item: Any) -> Entry:
    status = object_of(item)
    link, written_at = safe_url(status.get("url"), status.get("uri")), time_of(status.get("created_at"))
    if reblog := status.get("reblog"):
        return Skipped(Reason.BOOST, safe_url(*(post.get("url") for post in objects_of(reblog))) or link, written_at)
    if status.get("visibility") not in ("public", "unlisted"):
        return Skipped(Reason.PRIVATE, link, written_at)
    replied_account = status.get("in_reply_to_account_id")
    # The two are numbers or texts, by the version of the tool.
    is_own = replied_account is not None and str(replied_account) == str(_account(status).get("id"))
    is_unlisted = status.get("visibility") == "unlisted"
    options = [option for poll in objects_of(status.get("poll")) for option in objects_of(poll.get("options"))]
    return post_entry(
        source_id=status.get("uri"),
        url=link,
        published=status.get("created_at"),
        kind=kind_of(is_unlisted=is_unlisted, is_reply=bool(status.get("in_reply_to_id")), is_own=is_own),
        is_unlisted=is_unlisted,
        warning=status.get("spoiler_text"),
        html=status.get("content"),
        mentions=((mention.get("url"), mention.get("acct")) for mention in objects_of(status.get("mentions"))),
        options=[option.get("title") for option in options],
        pictures=len(objects_of(status.get("media_attachments"))),
    )


def _account(status: Any) -> dict[str, Any]:
    account = status.get("account") if isinstance(status, dict) else None
    return account if isinstance(account, dict) else {}
