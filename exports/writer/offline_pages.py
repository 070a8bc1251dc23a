"""The part of an archive that people read: `index.html` and the pages of posts, with no server and no network.

Every page is whole in itself. Searching (`assets/archive.js`) opens them one after another, out of sight.
"""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from exports.writer.weaving import REPLACEMENT, split, woven

ASSETS = Path(__file__).parent / "assets"


class Page:
    """A page of posts, as `index.html` lists it."""

    def __init__(self, number: int, timestamps: Sequence[bytes]) -> None:
        """Describe page `number`, counted from the oldest posts, with posts of these times, oldest first."""
        self.number = number
        self.name = page_name(number)
        self.posts = len(timestamps)
        self.first = self.last = ""
        if timestamps:
            self.first, self.last = timestamps[0][:10].decode(), timestamps[-1][:10].decode()
        self.year = self.last[:4]


def page_name(number: int) -> str:
    """Return the name of a page's file."""
    return f"pages/{number}.html"


def escaped(text: str) -> str:
    """Return `text` as HTML text. HTML knows no NUL."""
    return html.escape(text.replace("\0", REPLACEMENT), quote=False)


class PageShell:
    """What stands around the posts of a page. It is rendered once, and for each page only its numbers are put in."""

    def __init__(self, *, username: str, pages: int) -> None:
        """Prepare for an archive of so many pages."""
        self._username = username
        self._pages = pages
        self._shells: dict[tuple[bool, bool], str] = {}

    def around(self, page: Page, content: bytes) -> bytes:
        """Return the whole page."""
        number = page.number
        shell = self._shell(has_newer=number < self._pages, has_older=number > 1)
        marks = {"number": number, "newer": number + 1, "older": number - 1, "first": page.first, "last": page.last}
        for name, value in marks.items():
            shell = shell.replace(_mark(name), str(value))
        head, tail = shell.split(_mark("content"))
        return head.encode() + content + tail.encode()

    def _shell(self, *, has_newer: bool, has_older: bool) -> str:
        key = has_newer, has_older
        if key not in self._shells:
            context = {name: _mark(name) for name in ("number", "first", "last", "content")}
            context["newer"] = _mark("newer") if has_newer else ""
            context["older"] = _mark("older") if has_older else ""
            context |= {"username": self._username, "pages": str(self._pages)}
            self._shells[key] = render_to_string("exports/archive/page.html", context)
        return self._shells[key]


def _mark(name: str) -> str:
    return f"\0{name}\0"


def articles(*, ids: Sequence[bytes], timestamps: Sequence[bytes], escaped: str) -> bytes:
    """Return the posts as HTML, the newest first; `escaped` are their texts as HTML, joined, all oldest first."""
    minutes = [time[:16] for time in reversed(timestamps)]
    return woven(
        b'<article id="p',
        ids[::-1],
        b'"><p dir="auto">',
        split(escaped)[::-1],
        b'</p><a href="#p',
        ids[::-1],
        b'"><time>',
        minutes,
        b"</time></a></article>\n",
    )


def render_index(context: dict[str, Any], pages: Sequence[Page]) -> bytes:
    """Return `index.html`, which lists the pages by year, the newest first."""
    return render_to_string("exports/archive/index.html", {**context, "pages": pages[::-1]}).encode()
