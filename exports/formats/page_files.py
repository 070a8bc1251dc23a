"""Numbered pages of records in a folder of the archive: page 1 has the oldest records, each page its newest on top."""

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

ASSETS = Path(__file__).parent / "assets"
PAGE_SIZE = 1000  # records read; what a telephone still scrolls through with ease


@dataclass(frozen=True, slots=True)
class Piece:
    """The HTML of some records, the newest first."""

    html: bytes
    months: Mapping[str, int] = field(default_factory=dict)
    """Month (`YYYY-MM`) -> how many of the records are of it, the newest first. Empty for records without headings."""


def month_heading(month: str) -> bytes:
    """Return the heading above the newest record of a month; links lead to it."""
    return f'<h2 id="{month}">{month_name(month)}</h2>\n'.encode()


def month_name(month: str) -> str:
    """Return the month, such as `2026-11`, as people write it, in the active language."""
    return date_format(date(int(month[:4]), int(month[5:7]), 1), "YEAR_MONTH_FORMAT")


class Pages:
    """Makes pages from pieces, oldest first, and passes each full page, with its name, to `put`.

    It holds one page. The number of pages is known in advance: a page takes a fixed number of records as they are
    read, and those that cannot be written count too.
    """

    def __init__(self, stem: str, records: int, *, put: Callable[[str, bytes], None], **context: Any) -> None:
        """Begin; pages are called `stem` and their number, `context` is the template's (page.html)."""
        self._stem = stem
        self._put = put
        self._total = -(-records // PAGE_SIZE)
        numbered = {"prefix": stem.partition("/")[2], "total": self._total}
        self._context = page_head(script="search.js") | context | numbered
        self._shells: dict[tuple[bool, bool], str] = {}
        self._pieces: list[Piece] = []
        self._rows = 0
        self.number = 0
        self.months: Counter[str] = Counter()
        self.page_of_month: dict[str, int] = {}
        """Month -> the newest page that has records of it."""

    def add(self, piece: Piece) -> None:
        """Put a piece, newer than all before, on the page."""
        self._pieces.insert(0, piece)
        self.months.update(piece.months)

    def turn(self, rows: int) -> None:
        """Note that so many records were read; the page ends when it is full."""
        self._rows += rows
        if self._rows >= PAGE_SIZE:
            self._finish()

    def close(self) -> None:
        """Finish the last page."""
        if self._rows:
            self._finish()

    def _finish(self) -> None:
        self.number += 1
        self.page_of_month.update((month, self.number) for piece in self._pieces for month in piece.months)
        self._put(f"{self._stem}{self.number}.html", self._page())
        self._pieces, self._rows = [], 0

    def _page(self) -> bytes:
        shell = self._shell(has_newer=self.number < self._total, has_older=self.number > 1)
        for name, value in {"number": self.number, "newer": self.number + 1, "older": self.number - 1}.items():
            shell = shell.replace(_mark(name), str(value))
        head, tail = shell.split(_mark("content"))
        nothing = _("None of the items on this page could be exported. skipped.json says why.")
        return head.encode() + (self._content() or f"<p>{nothing}</p>".encode()) + tail.encode()

    def _content(self) -> bytes:
        above = ""
        parts = []
        for piece in self._pieces:
            months = [*piece.months]
            if months and months[0] != above:
                parts.append(month_heading(months[0]))
            above = months[-1] if months else ""
            parts.append(piece.html)
        return b"".join(parts)

    def _shell(self, *, has_newer: bool, has_older: bool) -> str:
        """Return the page around its records, rendered once, with marks where pages differ."""
        key = has_newer, has_older
        if key not in self._shells:
            context = {name: _mark(name) for name in ("number", "content")}
            context["newer"] = _mark("newer") if has_newer else ""
            context["older"] = _mark("older") if has_older else ""
            self._shells[key] = render_to_string("exports/archive/page.html", self._context | context)
        return self._shells[key]


def _mark(name: str) -> str:
    return f"\0{name}\0"


def page_head(*, script: str = "", frames: bool = False) -> dict[str, SafeString | str]:
    """Return a template's `style`, `script` and `policy`; with `frames`, the page may load other pages of the archive.

    `script` is a file in `assets`; empty for a page without one.

    Style and script are inline: mail providers refuse a ZIP with a `.js` file inside, and a page opened from disk
    cannot fetch another file. The policy (https://www.w3.org/TR/CSP3/) allows exactly these two, and no request.
    """
    style, code = (ASSETS / "archive.css").read_text(), (ASSETS / script).read_text() if script else ""
    policy = f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(code)}; "
    policy += "base-uri 'none'; form-action 'none'"
    if frames:
        policy += "; frame-src 'self' file:"
    return {"style": mark_safe(style), "script": mark_safe(code), "policy": policy}  # noqa: S308 - our own files


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
