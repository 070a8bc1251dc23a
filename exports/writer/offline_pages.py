"""The part of an archive that people read, with no server and no network: `index.html`, and pages of what was written.

Every page is whole in itself. The search of `index.html` (`assets/index.js`) opens them one by one, out of sight.
"""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from exports.writer.page_head import page_head
from exports.writer.weaving import SEPARATOR, JoinedPosts, encoded, split, woven

REPLACEMENT = "\ufffd"
"""Stands for a character that cannot be shown."""

PAGE_SIZE = 1000  # records, at least; what a telephone still scrolls through with ease


@dataclass(frozen=True, slots=True)
class Page:
    """A page of posts or messages, as `index.html` lists it."""

    folder: str
    number: int
    """From 1, the oldest records."""
    records: int
    first: str
    """The days of the oldest and of the newest record."""
    last: str

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return f"{self.folder}/{self.number}.html"

    @property
    def year(self) -> str:
        """Return the year of the newest record."""
        return self.last[:4]


class Pages:
    """Makes the pages from batches of articles, oldest first, and gives each that is whole, with its name, to `put`."""

    def __init__(self, folder: str, *, username: str, put: Callable[[str, bytes], None]) -> None:
        """Begin with no page."""
        self._folder = folder
        self._shell = PageShell(folder, username)
        self._put = put
        self._articles: list[bytes] = []
        self._days: list[str] = []
        self._records = 0
        self.listed: list[Page] = []

    def add(self, content: bytes, days: tuple[str, str], records: int) -> None:
        """Add the articles of so many records, the newest first, with the days of the oldest and of the newest."""
        if self._records >= PAGE_SIZE:
            self._finish_page(has_newer=True)
        self._articles.insert(0, content)
        self._days += days
        self._records += records

    def close(self) -> None:
        """Finish the last page."""
        if self._records:
            self._finish_page(has_newer=False)

    def _finish_page(self, *, has_newer: bool) -> None:
        page = Page(self._folder, len(self.listed) + 1, self._records, self._days[0], self._days[-1])
        self._put(page.name, self._shell.around(page, b"".join(self._articles), has_newer=has_newer))
        self.listed.append(page)
        self._articles, self._days, self._records = [], [], 0


class PageShell:
    """What stands around the articles of a page. It is rendered once, and for each page only its numbers are put in."""

    def __init__(self, folder: str, username: str) -> None:
        """Prepare for a member's archive."""
        self._of_all = {"folder": folder, "username": username, **page_head(script="search.js")}
        self._shells: dict[tuple[bool, bool], str] = {}

    def around(self, page: Page, content: bytes, *, has_newer: bool) -> bytes:
        """Return the whole page."""
        number = page.number
        shell = self._rendered(has_newer=has_newer, has_older=number > 1)
        marks = {"number": number, "newer": number + 1, "older": number - 1, "first": page.first, "last": page.last}
        for name, value in marks.items():
            shell = shell.replace(_mark(name), str(value))
        head, tail = shell.split(_mark("content"))
        return head.encode() + content + tail.encode()

    def _rendered(self, *, has_newer: bool, has_older: bool) -> str:
        key = has_newer, has_older
        if key not in self._shells:
            context = {name: _mark(name) for name in ("number", "first", "last", "content")}
            context["newer"] = _mark("newer") if has_newer else ""
            context["older"] = _mark("older") if has_older else ""
            self._shells[key] = render_to_string("exports/archive/page.html", context | self._of_all)
        return self._shells[key]


def _mark(name: str) -> str:
    return f"\0{name}\0"


def escaped(text: str) -> str:
    """Return `text` as HTML text, from which a browser reads `text` again, but for NUL, which HTML does not know.

    A carriage return has to be a reference: as itself it is read as a new line.
    """
    return html.escape(text.replace("\0", REPLACEMENT), quote=False).replace("\r", "&#13;")


def articles(posts: JoinedPosts) -> bytes:
    """Return the posts as HTML, the newest first."""
    return woven(
        b'<article id="p',
        split(posts.ids)[::-1],
        b'"><p dir="auto">',
        encoded(posts.bodies, escaped)[::-1],
        b"</p><time>",
        split(posts.timestamps)[::-1],
        b"</time></article>\n",
    )


def days_of(posts: JoinedPosts) -> tuple[str, str]:
    """Return the days of the oldest and of the newest post."""
    first, last = posts.timestamps[:10], posts.timestamps.rpartition(SEPARATOR.encode())[2][:10]
    return first.decode(), last.decode()


def render_index(context: dict[str, Any], pages: Sequence[Page], message_pages: Sequence[Page]) -> bytes:
    """Return `index.html`, which lists the pages by year, the newest first."""
    listed = {"pages": pages[::-1], "message_pages": message_pages[::-1]}
    head = page_head(script="index.js", frames=True)
    return render_to_string("exports/archive/index.html", {**context, **listed, **head}).encode()
