"""The pages of an archive that members read offline: `index.html`, and the pages that it links to.

The search of `index.html` (`assets/index.js`) opens the pages of posts one by one, out of sight.
"""

import html
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.template.loader import render_to_string

from exports.formats.columns import PostColumns, encode_texts, interleave, split_column
from exports.formats.page_files import Pages, Piece, month_heading, month_name, page_head

REPLACEMENT = "\ufffd"
"""Replaces a character that HTML cannot represent."""

ARTICLE = b'<article id="p'
PERSON = '<li class="person"><a href="{}">{}</a> <time>{}</time></li>\n'


def escaped(text: str) -> str:
    """Return `text` as HTML text, from which a browser reads `text` again, but for NUL, which HTML does not know.

    A carriage return has to be a reference: as itself it is read as a new line.
    """
    return html.escape(text.replace("\0", REPLACEMENT), quote=False).replace("\r", "&#13;")


def articles(posts: PostColumns) -> Piece:
    """Return the posts as HTML, the newest first."""
    times = split_column(posts.timestamps)[::-1]
    begins, months = _begins(times)
    content = interleave(
        begins,
        split_column(posts.ids)[::-1],
        b'"><p dir="auto">',
        encode_texts(posts.bodies, escaped)[::-1],
        b"</p><time>",
        times,
        b"</time></article>\n",
    )
    return Piece(content, months)


def person_item(person: dict[str, Any]) -> str:
    """Return a person (`username`, `url` and `since`) as an item of a page."""
    address = escaped(person["url"]).replace('"', "&quot;")
    return PERSON.format(address, escaped(person["username"]), person["since"])


def _begins(times: Sequence[bytes]) -> tuple[bytes | list[bytes], dict[str, int]]:
    """Return how each article begins, of another month than the one above it with a heading, and the months' counts.

    Most batches are of one month, and then all begin alike.
    """
    if times[0][:7] == times[-1][:7]:
        return ARTICLE, {times[0][:7].decode(): len(times)}
    months = [time[:7].decode() for time in times]
    begins = [ARTICLE] * len(months)
    for place in range(1, len(months)):
        if months[place] != months[place - 1]:
            begins[place] = month_heading(months[place]) + ARTICLE
    return begins, dict(Counter(months))


def render_index(context: dict[str, Any], posts: Pages | None) -> bytes:
    """Return `index.html`, which lists the months by year, the newest first, the conversations and the people."""
    pages = posts.number if posts else 0
    more = {"years": _years(posts) if posts else [], "pages": pages, **page_head(script="index.js", frames=True)}
    return render_to_string("exports/archive/index.html", {**context, **more}).encode()


def _years(posts: Pages) -> list[tuple[str, list[dict[str, Any]]]]:
    months = [
        {
            "year": month[:4],
            "id": month,
            "name": month_name(month),
            "page": posts.page_of_month[month],
            "posts": posts.months[month],
        }
        for month in sorted(posts.months, reverse=True)
    ]
    return [(year, list(group)) for year, group in groupby(months, lambda month: month["year"])]


def render_readme(context: dict[str, Any]) -> bytes:
    """Return `README.txt`, which says what each file is."""
    return render_to_string("exports/archive/README.txt", context).encode()
