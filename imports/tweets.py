"""Tweets as the archives of X hold them: ids, times, texts, and the notes that keep long texts whole."""

import html
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from sys import getsizeof
from typing import Any, TypeGuard

from imports.values import objects_of

MAX_NOTES = 50_000
MAX_NOTES_SIZE = 64 * 1024 * 1024
"""Bytes of memory."""
MAX_NOTES_A_SECOND = 10
"""Each is compared with the tweets of its time."""
NOTE_SECONDS = (0, 1, -1, 2, -2, 3, -3)
"""How much later than its tweet a note may say it was written, the likeliest first."""
LONGEST_CUT = 2000
"""Code points: more than a tweet of 280 characters, the names that it answers and its links can have."""
MAX_LINKS = 1000
LONGEST_LINK = 4096
"""Both keep a hostile text from growing without bounds."""
SNOWFLAKE_EPOCH = 1288834974657
"""Milliseconds."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ID = re.compile(r"[1-9]\d{0,18}", re.ASCII)
# ASCII alone: Japanese text follows a link without a space.
LINK = re.compile(r" ?https?://t\.co/\w+", re.ASCII)
NAMES = re.compile(r"(?:@\w+\s+)*", re.ASCII)

Note = tuple[str, dict[str, str]]
"""A text, and where its links lead."""


def object_of(value: Any) -> dict[str, Any]:
    """Return an object of JSON, empty if the value is none."""
    return value if isinstance(value, dict) else {}


def unwrapped(item: Any) -> dict[str, Any]:
    """Return a tweet or a note without the object around it, which archives have since 2020; empty if it is none."""
    item = object_of(item)
    inner = next(iter(item.values()), None)
    return inner if len(item) == 1 and isinstance(inner, dict) else item


def id_number(*values: Any) -> int:
    """Return the first that is an id: a number, or its digits. 0 if none is."""
    for value in values:
        if isinstance(value, str) and ID.fullmatch(value):
            return int(value)
        if type(value) is int and 0 < value < 10**19:
            return value
    return 0


def tweet_time(value: Any) -> datetime | None:
    """Return the time of `Wed Oct 10 20:19:24 +0000 2018`, or Grailbird's `2015-08-18 14:56:30 +0000`, in UTC."""
    if not isinstance(value, str):
        return None
    try:
        match value.split(" ", 6):
            case [_, month, day, clock, offset, year]:  # strptime would read the months of the locale
                date = f"{year}-{MONTHS.index(month) + 1:02}-{day}"
            case [date, clock, offset]:
                pass
            case _:
                return None
        moment = datetime.fromisoformat(f"{date}T{clock}{offset}")
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def snowflake_time(number: int) -> datetime:
    """Return the second at which an id was made. Ids from before November 2010 do not tell."""
    return datetime.fromtimestamp(((number >> 22) + SNOWFLAKE_EPOCH) // 1000, UTC)


def versions_of(tweet: dict[str, Any], number: int) -> tuple[int, int]:
    """Return the ids of the first and the last version of a tweet, as far as it tells; both its own if it is alone."""
    info = object_of(tweet.get("edit_info"))
    edit = object_of(info.get("edit"))
    ids = object_of(info.get("initial") or edit.get("editControlInitial")).get("editTweetIds")
    last = max(map(id_number, ids), default=0) if isinstance(ids, list) else 0
    return id_number(edit.get("initialTweetId"), number), max(number, last)


def media_of(tweet: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a tweet's pictures, films and sounds; `entities` has the first alone."""
    extended = objects_of(object_of(tweet.get("extended_entities")).get("media"))
    return extended or objects_of(object_of(tweet.get("entities")).get("media"))


def links_of(tweet: dict[str, Any]) -> dict[str, str]:
    """Return where a tweet's short links lead; empty for those of its media, which are to be removed."""
    media = (item.get("url") for item in media_of(tweet))
    links = _addresses(object_of(tweet.get("entities")).get("urls"))
    return links | {link: "" for link in media if isinstance(link, str)}


def _addresses(urls: Any) -> dict[str, str]:
    pairs = (
        (item.get("url") or item.get("shortUrl"), item.get("expanded_url") or item.get("expandedUrl"))
        for item in objects_of(urls)
    )
    return {link: address for link, address in pairs if isinstance(link, str) and _is_address(address)}


def _is_address(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= LONGEST_LINK and value.startswith(("http://", "https://"))


def raw_text(tweet: dict[str, Any]) -> str | None:
    """Return a tweet's text with its short links, None if it has none."""
    text = tweet.get("full_text", tweet.get("text"))
    return html.unescape(text) if isinstance(text, str) else None


def with_addresses(text: str, links: dict[str, str]) -> str:
    """Return a text in which addresses replace the short links, by their text: what indices count has changed."""

    def address(match: re.Match[str]) -> str:
        found = match[0]
        link = found.lstrip(" ")
        to = links.get(link, link)
        return found.replace(link, to) if to else ""

    return LINK.sub(address, text, count=MAX_LINKS).strip(" \n")


class Notes:
    """The whole texts of long tweets. They do not name their tweets: the time and the beginning tell."""

    def __init__(self, items: Iterable[Any]) -> None:
        """Keep notes by the second, as many as the limits allow."""
        self._by_second: dict[int, list[Note]] = defaultdict(list)
        self._left, self._size_left = MAX_NOTES, MAX_NOTES_SIZE
        for item in items:
            self._add(unwrapped(item))

    def _add(self, note: dict[str, Any]) -> None:
        core = object_of(note.get("core"))
        text, second = core.get("text"), _second(note.get("createdAt"))
        if not isinstance(text, str) or second is None:
            return
        links = _addresses(core.get("urls"))
        size = sum(map(getsizeof, (text, *links, *links.values())))
        if self._left and size <= self._size_left and len(self._by_second[second]) < MAX_NOTES_A_SECOND:
            self._by_second[second].append((text, links))
            self._left -= 1
            self._size_left -= size

    def whole(self, text: str, links: dict[str, str], number: int, moment: datetime) -> Note:
        """Return a tweet's raw text and links, those of its note if it has one. No other tweet is given that note."""
        second = int(moment.timestamp())
        near = [notes for later in NOTE_SECONDS if (notes := self._by_second.get(second + later))]
        if not near or len(text) > LONGEST_CUT:
            return text, links
        beginning, ending = _beginning(text)
        for notes in near:
            for note in notes:
                names = _missing_names(note[0], beginning)
                if names is not None:
                    notes.remove(note)
                    here = {"", *note[1].values()}
                    to = {link: links.get(link, "") for link in ending}
                    quoted = [link for link in ending if to[link] not in here and not to[link].endswith(f"/{number}")]
                    return " ".join([names + note[0], *quoted]), links | note[1]
        return text, links


def _second(value: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp())  # it is in UTC
    except (TypeError, ValueError):
        return None


def _beginning(text: str) -> tuple[str, list[str]]:
    """Return a text that may be cut without the links and the dots at its end, and the links."""
    links: list[str] = []
    text = text.rstrip()
    while match := LINK.fullmatch(text, max(text.rfind("http"), 0)):
        links.insert(0, match[0])
        text = text[: match.start()].rstrip()
    return text.rstrip("… "), links


def _missing_names(note: str, beginning: str) -> str | None:
    """Return the names at the beginning of a reply that its note lacks; None if this is the note of another tweet."""
    start = LINK.sub("", note[: 2 * LONGEST_CUT])  # the short links of both differ, even for one address
    for rest in (beginning, NAMES.sub("", beginning, count=1)):
        known = LINK.sub("", rest)
        if known and start.startswith(known):
            return beginning.removesuffix(rest)
    return None
