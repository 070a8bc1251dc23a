"""Pages of posts by keyset: the same cost at any depth, and no post twice or never while others are written.

A position is the (timestamp, id) of a post, in the address as `<microseconds since 1970>-<id>`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from posts.models import Post, PostQuerySet

PAGE_SIZE = 25
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Position(NamedTuple):
    """Where a post stands among all posts."""

    timestamp: datetime
    id: int

    @classmethod
    def of(cls, post: Post) -> Self:
        """Return the position of a post."""
        return cls(post.timestamp, post.pk)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the position that an address names.

        Raises BadRequest, naming the text, if it names none.
        """
        try:
            microseconds, _dash, post_id = text.rpartition("-")
            return cls(EPOCH + int(microseconds) * MICROSECOND, int(post_id))
        except (ValueError, OverflowError) as error:
            text = text[:64]
            raise BadRequest(
                _("%(position)r is no place in a list of posts. Start again from its first page.") % {"position": text}
            ) from error

    def __str__(self) -> str:
        return f"{(self.timestamp - EPOCH) // MICROSECOND}-{self.id}"


@dataclass(frozen=True)
class Page:
    """Posts, newest first, and where their neighbours begin (empty where there are none)."""

    posts: list[Post]
    older: str
    newer: str


def page_of(posts: PostQuerySet, query: QueryDict) -> Page:
    """Return the page that `?before=` or `?after=` asks for, the first one without either.

    Raises BadRequest for a position that cannot be read.
    """
    if after := query.get("after"):
        return _page_after(posts, Position.parse(after))
    before = query.get("before")
    return _page_before(posts, Position.parse(before) if before else None)


def _page_before(posts: PostQuerySet, position: Position | None) -> Page:
    rows = posts.order_by("-timestamp", "-id")
    if position:
        # The first condition is implied by the second; with it, both databases seek in the index.
        rows = rows.filter(timestamp__lte=position.timestamp).filter(
            Q(timestamp__lt=position.timestamp) | Q(id__lt=position.id)
        )
    found = list(rows[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Page(
        shown,
        older=str(Position.of(shown[-1])) if len(found) > PAGE_SIZE else "",
        newer=str(Position.of(shown[0])) if position and shown else "",
    )


def _page_after(posts: PostQuerySet, position: Position) -> Page:
    rows = posts.order_by("timestamp", "id").filter(timestamp__gte=position.timestamp)
    found = list(rows.filter(Q(timestamp__gt=position.timestamp) | Q(id__gt=position.id))[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE][::-1]
    return Page(
        shown,
        older=str(Position.of(shown[-1])) if shown else "",
        newer=str(Position.of(shown[0])) if len(found) > PAGE_SIZE else "",
    )
