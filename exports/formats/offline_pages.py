"""The pages of an archive that members read offline: `index.html`, and the pages that it links to.

The search of `index.html` (`assets/index.js`) opens the pages of posts one by one, out of sight.
"""

import html
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exports.formats.columns import PostColumns, encode_texts, interleave, split_column
from exports.formats.page_files import Pages, Piece, month_heading, month_name, page_head

REPLACEMENT = "\ufffd"
"""Replaces a character that HTML cannot represent."""

ARTICLE = b'<article id="p'
PERSON = '<li class="person"><a href="{}">{}</a> <time>{}</time></li>\n'

FILES: list[tuple[list[str], str | Promise]] = [
    (["index.html"], _("Start here. Open it in a browser to read everything in this archive.")),
    (["posts.json"], _("Your posts for other programs: the text and time of each, oldest first.")),
    (
        ["posts.csv"],
        _("Your posts for a spreadsheet. Text that a spreadsheet would run as a formula starts with an apostrophe."),
    ),
    (["profile.json"], _("Your account.")),
    (["follows.json", "followers.json"], _("The people you follow, and your followers.")),
    (["messages.json"], _("The messages you sent and received.")),
    (
        ["actor.json", "outbox.json"],
        _("Your profile and posts as ActivityStreams, in the format of a Mastodon archive."),
    ),
    (["likes.json", "bookmarks.json"], _("Empty lists that tools for Mastodon archives expect.")),
    (["skipped.json"], _("What couldn't be exported, and why.")),
    (["manifest.json"], _("The size and the SHA-256 of each file.")),
]
"""The files in the archive's root, and what each contains."""


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


def render_index(context: dict[str, Any], posts: Pages) -> bytes:
    """Return `index.html`, which lists the months by year, the newest first, the conversations and the people."""
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
    years = [(year, list(group)) for year, group in groupby(months, lambda month: month["year"])]
    more = {"years": years, "pages": posts.number, "files": FILES, **page_head(script="index.js", frames=True)}
    return render_to_string("exports/archive/index.html", {**context, **more}).encode()


def render_readme(context: dict[str, Any]) -> bytes:
    """Return `README.txt`, which says what each file is."""
    return render_to_string("exports/archive/README.txt", {**context, "files": FILES}).encode()
