"""The part of an archive that people read: `index.html` and the pages of posts, with no server and no network.

Every page is whole in itself. Searching (`assets/index.js`) opens them one after another, out of sight.
"""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from exports.writer.weaving import REPLACEMENT, SEPARATOR, JoinedPosts, split, woven

ASSETS = Path(__file__).parent / "assets"
PAGE_SIZE = 1000  # posts, at least; what a telephone still scrolls through with ease


@dataclass(frozen=True, slots=True)
class Page:
    """A page of posts, as `index.html` lists it."""

    number: int
    """From 1, the oldest posts."""
    posts: int
    first: str
    """The days of the oldest and of the newest post."""
    last: str

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return f"pages/{self.number}.html"

    @property
    def year(self) -> str:
        """Return the year of the newest post."""
        return self.last[:4]


class Pages:
    """Makes the pages from batches of posts, oldest first, and gives each with its name to `put` when it is whole."""

    def __init__(self, *, username: str, put: Callable[[str, bytes], None]) -> None:
        """Begin with no page."""
        self._shell = PageShell(username)
        self._put = put
        self._articles: list[bytes] = []
        self._days: list[bytes] = []
        self._posts = 0
        self.listed: list[Page] = []

    def add(self, posts: JoinedPosts) -> None:
        """Add a batch."""
        if self._posts >= PAGE_SIZE:
            self._finish_page(has_newer=True)
        self._articles.insert(0, articles(posts))
        first, last = posts.timestamps[:10], posts.timestamps.rpartition(SEPARATOR.encode())[2][:10]
        self._days += first, last
        self._posts += posts.number

    def close(self) -> None:
        """Finish the last page."""
        if self._posts:
            self._finish_page(has_newer=False)

    def _finish_page(self, *, has_newer: bool) -> None:
        page = Page(len(self.listed) + 1, self._posts, self._days[0].decode(), self._days[-1].decode())
        self._put(page.name, self._shell.around(page, b"".join(self._articles), has_newer=has_newer))
        self.listed.append(page)
        self._articles, self._days, self._posts = [], [], 0


class PageShell:
    """What stands around the posts of a page. It is rendered once, and for each page only its numbers are put in."""

    def __init__(self, username: str) -> None:
        """Prepare for a member's archive."""
        self._username = username
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
            self._shells[key] = render_to_string("exports/archive/page.html", context | {"username": self._username})
        return self._shells[key]


def _mark(name: str) -> str:
    return f"\0{name}\0"


def escaped(text: str) -> str:
    """Return `text` as HTML text. HTML knows no NUL."""
    return html.escape(text.replace("\0", REPLACEMENT), quote=False)


def articles(posts: JoinedPosts) -> bytes:
    """Return the posts as HTML, the newest first."""
    return woven(
        b'<article id="p',
        split(posts.ids)[::-1],
        b'"><p dir="auto">',
        split(escaped(posts.bodies))[::-1],
        b"</p><time>",
        split(posts.timestamps)[::-1],
        b"</time></article>\n",
    )


def render_index(context: dict[str, Any], pages: Sequence[Page]) -> bytes:
    """Return `index.html`, which lists the pages by year, the newest first."""
    return render_to_string("exports/archive/index.html", {**context, "pages": pages[::-1]}).encode()
