"""Which posts of an archive are here already."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL

from accounts.models import User
from imports.reader import Found
from posts.models import Post, PostOrigin


def new_posts(user: User, source: str, found: Sequence[Found], *, import_id: UUID) -> tuple[list[Found], int]:
    """Return the posts that are not here yet, in their order, and how many others are here already.

    Here is what an import has brought, even if the member has deleted it since, and what has the same text and moment.
    What this very import has brought is neither: an attempt before this one did.
    """
    latest = {post.source_id: post for post in found}
    origins = PostOrigin.objects.filter(author=user, source=source, source_id__in=_many(list(latest)))
    brought = dict(origins.values_list("source_id", "import_id"))
    written = _written(user, {post.written_at for post in latest.values()}, import_id)
    new, known = [], 0
    for post in latest.values():
        if brought.get(post.source_id) == import_id:
            continue
        if post.source_id in brought or (post.written_at, post.body) in written:
            known += 1
        else:
            new.append(post)
    return new, known


def _many(texts: list[str]) -> RawSQL:
    """Return the texts as one parameter of a query: Django takes longer to bind a thousand than to look them up."""
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::text[])", [texts])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(texts)])


def _written(user: User, moments: set[datetime], import_id: UUID) -> set[tuple[datetime, str]]:
    """Return moments and texts of the member's posts at these moments, but for those that this import has brought."""
    if not moments:
        return set()
    posts = Post.objects.by(user).filter(timestamp__range=(min(moments), max(moments)))
    if not posts.exists():  # as a rule: an archive's years are before the member's first here
        return set()
    others = posts.filter(timestamp__in=moments).exclude(origin__import_id=import_id)
    return set(others.values_list("timestamp", "body"))
