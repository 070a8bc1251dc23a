"""Which posts of an archive are here already."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from accounts.models import User
from imports.reader import Found
from posts.models import Post, PostOrigin

# One lookup for each id: while an import fills the table, its statistics would have each batch read all posts so far.
IN_POSTGRESQL = """
    SELECT origin.* FROM unnest(%s::text[]) AS wanted (id) CROSS JOIN LATERAL (
        SELECT * FROM posts_postorigin WHERE source_id = wanted.id AND author_id = %s AND source = %s LIMIT 1
    ) AS origin
"""
IN_SQLITE = """
    SELECT origin.* FROM json_each(%s) AS wanted CROSS JOIN posts_postorigin AS origin
    WHERE source_id = wanted.value AND author_id = %s AND source = %s
"""


def new_posts(user: User, source: str, found: Sequence[Found], *, import_id: UUID) -> tuple[list[Found], int]:
    """Return the posts that are not here yet, in their order, and how many others are here already.

    Here is what an import has brought, even if the member has deleted it since, and what has the same text and moment.
    What this very import has brought is neither: an attempt before this one did.
    """
    latest = {post.source_id: post for post in found}
    brought = _brought(user, source, list(latest))
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


def _brought(user: User, source: str, source_ids: list[str]) -> dict[str, UUID]:
    """Return which imports have brought posts with these ids."""
    is_postgresql = connection.vendor == "postgresql"
    ids = source_ids if is_postgresql else json.dumps(source_ids)
    origins = PostOrigin.objects.raw(IN_POSTGRESQL if is_postgresql else IN_SQLITE, [ids, user.pk, source])
    return {origin.source_id: origin.import_id for origin in origins}


def _written(user: User, moments: set[datetime], import_id: UUID) -> set[tuple[datetime, str]]:
    """Return moments and texts of the member's posts at these moments, but for those that this import has brought."""
    if not moments:
        return set()
    posts = Post.objects.by(user).filter(timestamp__range=(min(moments), max(moments)))
    if not posts.exists():  # as a rule: an archive's years are before the member's first here
        return set()
    others = posts.filter(timestamp__in=moments).exclude(origin__import_id=import_id)
    return set(others.values_list("timestamp", "body"))
