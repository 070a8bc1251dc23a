"""The archive that members import, with hostile texts, and what must be here of it before and after an undo."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from django.db.models import Model

from accounts.models import Follow
from imports.models import Import
from posts.models import Post, PostOrigin, RemovedPost

SIZE = 50_000
"""Posts."""
BLANK_EVERY = 40
"""After so many posts comes one without text, which is left out."""
A_MOMENT = 4
"""Posts of the same moment."""
FIRST = datetime(2014, 3, 1, tzinfo=UTC)
"""In the midst of the posts that the members have already."""
TEXTS = (
    "</script><script>alert(1)</script>",
    "\"quotes\" & 'apostrophes' <b>tags</b> &amp; %s {{ 7 * 7 }}",
    "line\u2028and\u2029paragraph\r\nseparators\t\x85",
    "שלום \u202eright to left\u202c",
    "👩‍👩‍👧‍👦 e\u0301 \U0001f1ea\U0001f1f8 👍🏽",
    r"\u0000 \x00 \N \. \\",
    "=HYPERLINK('http://evil.example')",
    "@anna '; DROP TABLE posts_post; --",
    "\x01\x1f\x7f\ufeff\ufffe\U0010ffff",
)
TABLES: tuple[type[Model], ...] = (Post, PostOrigin, RemovedPost, Follow)
"""What an import may change, and its undo changes back."""


def posts() -> list[tuple[datetime, str]]:
    """Return the archive's posts, the oldest first; every fiftieth is the same as the one before."""
    numbers = (number - (number % 50 == 1) for number in range(SIZE))
    moments = (FIRST + timedelta(minutes=number // A_MOMENT) for number in range(SIZE))
    return [(at, f"{TEXTS[number % len(TEXTS)]} {number}") for at, number in zip(moments, numbers, strict=True)]


@cache
def archive() -> bytes:
    """Return the ZIP that members upload."""
    records = []
    for number, (at, body) in enumerate(posts()):
        records.append({"body": body, "timestamp": at.isoformat()})
        if number % BLANK_EVERY == 0:
            records.append({"body": " ", "timestamp": at.isoformat()})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("posts.json", json.dumps({"posts": records}))
    return file.getvalue()


def import_is_whole(upload: Import) -> Iterator[str]:
    """Each post of the archive is here once, in its order, and what was left out is counted once."""
    ids = set(PostOrigin.objects.filter(import_id=upload.pk).values_list("pk", flat=True))
    # A join would take minutes while PostgreSQL's statistics don't know the new rows.
    mine = Post.objects.filter(author=upload.user_id).order_by("timestamp", "pk").values_list("pk", "timestamp", "body")
    if [(at, body) for pk, at, body in mine if pk in ids] != posts():
        yield f"Import {upload.pk} did not bring each post once, in order"
    blank = -(-SIZE // BLANK_EVERY)
    report = {"imported": SIZE, "known": 0, "left_out": {"no_text": blank}, "extras": {"followed": [], "profile": {}}}
    if upload.report != report or upload.left_out.count() != blank:
        yield f"Import {upload.pk} reports {upload.report}, with {upload.left_out.count()} entries left out"


def import_is_undone(upload: Import, own: Sequence[tuple[object, ...]]) -> Iterator[str]:
    """The member's posts are those of before, row for row."""
    if rows_of(upload.user_id) != own or PostOrigin.objects.filter(author=upload.user_id).exists():
        yield f"Import {upload.pk} was undone, and the member's posts are not as before"


def rows_of(user_id: int) -> list[tuple[object, ...]]:
    """Return a member's posts as they are stored."""
    return list(Post.objects.filter(author=user_id).order_by("pk").values_list())


def rows() -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of each of the tables."""
    return {table.__name__: list(table._default_manager.order_by("pk").values_list()) for table in TABLES}
