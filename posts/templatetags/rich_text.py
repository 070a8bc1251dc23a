"""Show members' texts with their links, names and tags as HTML links."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Protocol
from urllib.parse import quote

import regex
from django import template
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from posts.rich_text import Link, Name, Piece, Tag, pieces_of

register = template.Library()

MAX_NAMES = 500
"""Names looked up for one page: a text full of names must not bloat the query."""
LONG_LINK = 40
LONG_ORIGIN = 28
"""Only what follows a host may be hidden; a long host is shown in full, so that it can pass for no other."""

FOLDED_LENGTH, FOLDED_LINES = 320, 8
"""Code points, and lines, that a list still shows whole: folding hides noticeably more than it takes."""
BEGINNING_LENGTH, BEGINNING_LINES = 280, 6
# What a cut leaves unfinished: the last word, or the last character in a script without spaces and in an endless word.
UNFINISHED = regex.compile(r"\s++\S{0,80}\Z|\X\Z")

LINK = '<a class="link" href="{}" rel="nofollow noopener ugc" dir="ltr">{}</a>'
# Screen readers still read the hidden rest, and copying includes it.
LONG = '<a class="link is-long" href="{}" rel="nofollow noopener ugc" dir="ltr">{}<span class="link-rest">{}</span></a>'
NAME = '<a href="{}" data-card="{}">{}</a>{}'


class Written(Protocol):
    """A post, or a message."""

    body: str


@register.simple_tag
def members_named_in(written: Iterable[Written]) -> dict[str, User]:
    """Return lower-case name -> active member for the names in a page's texts, by at most one query.

    The names in an imported post are those of its source, and no members'.
    """
    pieces = (piece for item in written if not getattr(item, "origin", None) for piece in pieces_of(item.body))
    names = (name for piece in pieces if isinstance(piece, Name) for name in piece.candidates)
    if not (wanted := set(islice(names, MAX_NAMES))):
        return {}
    members = User.objects.filter(is_active=True).alias(lower_username=Lower("username"))
    return {member.username.lower(): member for member in members.filter(lower_username__in=wanted)}


@register.simple_tag
def rich_text(text: str, members: Mapping[str, User] | None = None) -> SafeString:
    """Return the text with links; the names of `members` (see `members_named_in`) become links, too."""
    return format_html_join("", "{}", ((_html(piece, members or {}),) for piece in pieces_of(text)))


@register.filter
def beginning(text: str) -> str:
    """Return the beginning of a text so long that lists fold it, with an ellipsis; empty for any other text."""
    text = text.strip()
    if len(text) <= FOLDED_LENGTH and len(text.splitlines()) <= FOLDED_LINES:
        return ""
    text = "".join(text.splitlines(keepends=True)[:BEGINNING_LINES])
    if len(text) > BEGINNING_LENGTH:
        text = text[:BEGINNING_LENGTH]
        text = UNFINISHED.sub("", text) or text
    return f"{text.rstrip()}…"


def _html(piece: Piece, members: Mapping[str, User]) -> str:
    match piece:
        case Link():
            is_long = len(piece.text) > LONG_LINK and len(piece.origin) <= LONG_ORIGIN
            if is_long:
                return format_html(LONG, piece.address, piece.text[:LONG_LINK], piece.text[LONG_LINK:])
            return format_html(LINK, piece.address, piece.text)
        case Name():
            return _name_html(piece, members)
        case Tag():
            return format_html('<a href="/search/?q={}">{}</a>', quote(piece.text), piece.text)
        case _:
            return piece.text


def _name_html(piece: Name, members: Mapping[str, User]) -> str:
    known = next((name for name in piece.candidates if name in members), None)
    if known is None:
        return piece.text
    end = 1 + len(known)
    member = members[known]
    card = reverse("accounts:card", args=[member.username])
    return format_html(NAME, member.get_absolute_url(), card, piece.text[:end], piece.text[end:])
