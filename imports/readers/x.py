"""X, formerly Twitter: the archives of all ages, and one of their files of tweets by itself."""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from imports.archives.archive import Archive, ArchiveError
from imports.archives.json_stream import json_document, json_head, json_items
from imports.reader import Entry, Found, Kind, Reader, Skipped, register_reader
from imports.reasons import Reason
from imports.tweets import (
    Notes,
    id_number,
    links_of,
    media_of,
    object_of,
    raw_text,
    snowflake_time,
    tweet_time,
    unwrapped,
    versions_of,
    with_addresses,
)
from imports.values import objects_of

FILES = {
    "tweets": ("tweets.js", "tweets-part*.js", "tweet.js", "tweet-part*.js", "data/js/tweets/*.js"),
    "deletedTweets": ("deleted-tweets.js", "deleted-tweets-part*.js", "deleted-tweet.js"),
    "twitterCircleTweet": ("twitter-circle-tweet.js", "twitter-circle-tweet-part*.js"),
    "communityTweet": ("community-tweet.js", "community-tweet-part*.js"),
    "noteTweet": ("note-tweet.js", "note-tweet-part*.js"),
}
"""What the manifest calls them -> what they are called. Opened besides: account, protected-history and manifest.js."""
HIDDEN = {
    "deletedTweets": Reason.DELETED,
    "twitterCircleTweet": Reason.PRIVATE,
    "communityTweet": Reason.PRIVATE,
}
SCRIPT = re.compile(rb"\s*(?:\w+\.)*tweets?(?:_\d{4}_\d\d)?(?:\.part\d+)?\s*=\s*\[")
MANIFEST = b"__THAR_CONFIG"
MAX_REMEMBERED = 100_000
"""Ids of hidden tweets, and of edited ones."""
USERNAME = re.compile(r"\w{1,50}", re.ASCII)
RETWEET = re.compile(r"RT @\w+:", re.ASCII)
NAME = re.compile(r"@\w+(?:\s|\Z)", re.ASCII)
QUOTE = re.compile(r"https?://(?:\w+\.)?(?:twitter|x)\.com/(?:\w+/)+status/\d+(?:[/?]\S*)?", re.ASCII)


@register_reader
class XReader(Reader):
    """Reads `data/tweets.js` and its parts, `tweet.js` of 2019 and later, and Grailbird's months of before."""

    label = "X"

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        """Return whether a file of tweets begins as one, or the manifest does."""
        if archive.is_single:
            return bool(SCRIPT.match(json_head(archive, archive.names[0])))
        manifest = archive.find("manifest.js")
        if manifest and MANIFEST in json_head(archive, manifest):
            return True
        return any(SCRIPT.match(json_head(archive, name)) for name in _named(archive, "tweets")[:3])

    def owner(self) -> str:
        """Return such as `@ada`."""
        username, _ = self._account
        return f"@{username}" if username else ""

    def expected(self) -> int:
        """Return the number of tweets that the manifest has counted in the files that are here."""
        return sum(sum(self._listed(kind).values()) for kind in ("tweets", *HIDDEN))

    def is_partial(self) -> bool:
        """Return whether the manifest says so."""
        return object_of(self._manifest.get("archiveInfo")).get("isPartialArchive") in (True, "true")

    def entries(self) -> Iterator[Entry]:
        """Yield the hidden tweets first: none of them is imported, even if another file has it too."""
        hidden: set[int] = set()
        for kind, reason in HIDDEN.items():
            for item, _ in self._items(kind):
                tweet = unwrapped(item)
                number = _number(tweet)
                if number:
                    hidden.add(number)
                if len(hidden) > MAX_REMEMBERED:  # none of them may be imported
                    raise ArchiveError("too_large_inside", detail=f"more than {MAX_REMEMBERED} hidden posts")
                yield Skipped(reason, _url(number), tweet_time(tweet.get("created_at")))
        notes = Notes(item for item, _ in self._items("noteTweet"))
        latest: dict[int, int] = {}
        for item, place in self._items("tweets"):
            tweet = unwrapped(item)
            if _number(tweet) not in hidden:
                yield self._entry(tweet, place, notes, latest)

    def _entry(self, tweet: dict[str, Any], place: str, notes: Notes, latest: dict[int, int]) -> Entry:
        number, text = _number(tweet), raw_text(tweet)
        url, created = _url(number), tweet_time(tweet.get("created_at"))
        if not number or text is None:
            return Skipped(Reason.UNREADABLE, url, created, f"{place}: {'no text' if number else 'no id'}")
        if created is None:
            return Skipped(Reason.BAD_TIME, url)
        first, is_last = _version(tweet, number, latest)
        if reason := _why_not(tweet, text, is_last=is_last, is_protected=self._is_protected):
            return Skipped(reason, url, created)
        body = with_addresses(*notes.whole(text, links_of(tweet), number, created))
        if not body or QUOTE.fullmatch(body):
            return Skipped(Reason.NO_TEXT, url, created)
        return Found(
            source_id=str(first),
            written_at=created if first == number else snowflake_time(first),
            body=body,
            url=url,
            kind=self._kind(tweet, text),
            order=first,
            pictures=len(media_of(tweet)),
        )

    def _kind(self, tweet: dict[str, Any], text: str) -> Kind:
        _, account = self._account
        author = object_of(tweet.get("user"))  # Grailbird's archives have no account.js
        if to := id_number(tweet.get("in_reply_to_user_id_str"), tweet.get("in_reply_to_user_id")):
            return Kind.THREAD if to == id_number(account, author.get("id_str"), author.get("id")) else Kind.REPLY
        return Kind.REPLY if NAME.match(text) else Kind.PUBLIC

    def _items(self, kind: str) -> Iterator[tuple[Any, str]]:
        """Yield the items of the files of a kind, and where each is."""
        for name in self._names(kind):
            for position, item in enumerate(json_items(self.archive, name, "item", after=b"="), 1):
                yield item, f"item {position} of {PurePosixPath(name).name!a}"

    def _names(self, kind: str) -> list[str]:
        if self.archive.is_single:
            return self.archive.names if kind == "tweets" else []
        return list(dict.fromkeys([*self._listed(kind), *_named(self.archive, kind)]))

    def _listed(self, kind: str) -> dict[str, int]:
        """Return the files of a kind that the manifest lists, as far as they are here, and their numbers of items."""
        types = object_of(self._manifest.get("dataTypes"))
        folder = (self.archive.find("manifest.js") or "").removesuffix("manifest.js").removesuffix("data/")
        files = objects_of(object_of(types.get(kind) or types.get(kind.removesuffix("s"))).get("files"))
        listed = {f"{folder}{file.get('fileName')}": id_number(file.get("count")) for file in files}
        here = set(self.archive.names)
        return {name: count for name, count in listed.items() if name in here and "tweet" in PurePosixPath(name).name}

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        name = None if self.archive.is_single else self.archive.find("manifest.js")
        return object_of(json_document(self.archive, name, after=b"=")) if name else {}

    @cached_property
    def _is_protected(self) -> bool:
        """Whether only followers could see the account, as far as its changes in the last six months tell."""
        name = None if self.archive.is_single else self.archive.find("protected-history.js")
        items = map(unwrapped, json_items(self.archive, name, "item", after=b"=") if name else ())
        changes = ((str(item.get("protectedAt")), str(item.get("action"))) for item in items)
        return max(changes, default=("", ""))[1].lower() == "protect"

    @cached_property
    def _account(self) -> tuple[str, int]:
        """The user name and the number; the file's other contents, such as the email address, are not kept."""
        name = None if self.archive.is_single else self.archive.find("account.js")
        items = objects_of(json_document(self.archive, name, after=b"=")) if name else []
        account = unwrapped(items[0]) if items else {}
        username = account.get("username")
        is_name = isinstance(username, str) and USERNAME.fullmatch(username)
        return str(username) if is_name else "", id_number(account.get("accountId"))


def _named(archive: Archive, kind: str) -> list[str]:
    return [name for pattern in FILES[kind] for name in archive.find_all(pattern)]


def _number(tweet: dict[str, Any]) -> int:
    return id_number(tweet.get("id_str"), tweet.get("id"))


def _url(number: int) -> str:
    return f"https://x.com/i/web/status/{number}" if number else ""


def _version(tweet: dict[str, Any], number: int, latest: dict[int, int]) -> tuple[int, bool]:
    """Return the id of the tweet's first version, and whether none is later; `latest` is what others have told."""
    first, last = versions_of(tweet, number)
    last = max(last, latest.get(first, 0))
    if first != last and len(latest) < MAX_REMEMBERED:
        latest[first] = last
    return first, number == last


def _why_not(tweet: dict[str, Any], text: str, *, is_last: bool, is_protected: bool) -> Reason | None:
    """Return why a tweet is left out, None if it is not."""
    if tweet.get("deleted_at"):
        return Reason.DELETED
    if is_protected or object_of(tweet.get("user")).get("protected") is True:  # for followers only; Grailbird's
        return Reason.PRIVATE
    if RETWEET.match(text) or object_of(tweet.get("retweeted_status")):
        return Reason.BOOST
    return None if is_last else Reason.OLDER_VERSION
