"""Split a member's text into links, names of members, tags and plain text.

It takes linear time: every quantifier is possessive, so no character is read twice.
"""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

import regex

# A link ends before characters that URLs must escape, before quotation marks and CJK brackets, before a backslash
# (browsers read it as a slash) and before invisible characters, such as those that reverse text.
LINK = r'(?<![A-Za-z0-9+.-])(?i:https?)://[^\s\p{C}<>"\\“”„«»、。「」『』《》【】（）]++'  # noqa: RUF001
# Text of another script may follow a name directly; a Latin letter or a second @ makes it no name.
NAME = r"(?<![\w@/+%&-])@(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]{0,29}+)(?![\p{Latin}\p{N}\p{M}_@.-])"
TAG = r"(?<![\w#&/])#(?P<tag>[\p{L}\p{N}_][\p{L}\p{M}\p{N}_\u200c\u200d]*+)"
PIECE = regex.compile(rf"(?P<link>{LINK})|{NAME}|{TAG}")

LETTER = regex.compile(r"\p{L}")
LABEL = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]*+"
# No user name before the host: "https://bank.example@evil.example" leads to the second host, and is no link here.
ORIGIN = regex.compile(rf"https?://{LABEL}(?:\.{LABEL})*+\.?+(?::(?P<port>\d{{1,5}}))?+(?=[/?#]|$)", regex.IGNORECASE)
LAST_PORT = 65_535

TRAILING = ".,:;!?'\"*…·‘’！？，；：～(["  # noqa: RUF001
BRACKETS = {")": "(", "]": "["}
STRAY_PERCENT = regex.compile("%(?![0-9A-Fa-f]{2})")
SAFE_IN_ADDRESS = "/:?@!$&'()*+,;=%~-._"


class Text(NamedTuple):
    """Plain text."""

    text: str


class Link(NamedTuple):
    """A URL as it was written; `origin` is its part up to host and port."""

    text: str
    origin: str

    @property
    def address(self) -> str:
        """Return the URL with path, query and fragment escaped; browsers escape the host."""
        path, mark, fragment = self.text[len(self.origin) :].partition("#")
        return self.origin + _escaped(path) + mark + _escaped(fragment)


class Name(NamedTuple):
    """`@` and what may be the name of a member, perhaps with a full stop or hyphen that belongs to the sentence."""

    text: str

    @property
    def candidates(self) -> list[str]:
        """Return the possible names, the longest first, in lower case."""
        name = self.text[1:].lower()
        shortest = len(name.rstrip(".-"))
        return [name[:length] for length in range(len(name), shortest - 1, -1)]


class Tag(NamedTuple):
    """`#` and a word."""

    text: str


Piece = Text | Link | Name | Tag


def pieces_of(text: str) -> Iterator[Piece]:
    """Yield the pieces of a text; joined, they are the text."""
    end = 0
    for match in PIECE.finditer(text):
        if piece := _piece(match):
            if match.start() > end:
                yield Text(text[end : match.start()])
            yield piece
            end = match.start() + len(piece.text)
    if end < len(text):
        yield Text(text[end:])


def _piece(match: "regex.Match[str]") -> Piece | None:
    if match["link"]:
        return _link(_trimmed(match["link"]))
    if match["name"]:
        return Name(match[0])
    return Tag(match[0]) if LETTER.search(match["tag"]) else None


def _link(text: str) -> Link | None:
    origin = ORIGIN.match(text)
    if origin is None or int(origin["port"] or 0) > LAST_PORT:
        return None
    return Link(text, origin[0])


def _trimmed(link: str) -> str:
    """Strip trailing punctuation, and closing brackets that were opened before the link."""
    unopened = {closing: link.count(closing) - link.count(opening) for closing, opening in BRACKETS.items()}
    end = len(link)
    while end and (link[end - 1] in TRAILING or unopened.get(link[end - 1], 0) > 0):
        if link[end - 1] in unopened:
            unopened[link[end - 1]] -= 1
        end -= 1
    return link[:end]


def _escaped(part: str) -> str:
    return quote(STRAY_PERCENT.sub("%25", part), safe=SAFE_IN_ADDRESS)
