"""What an import would bring: counted while the file is read, and shown to the member before anything is imported."""

from collections import Counter
from typing import Any

from django.utils import timezone

from accounts.settings.preferences import zone_of
from imports.models import Import
from imports.reader import Entry, Found, Kind, Reader
from imports.services.extras import extras_preview
from imports.services.known_posts import new_posts
from imports.services.reading import in_order

MAX_REMEMBERED = 50_000
"""Posts that are recognised when a later batch has them again, in 4 MB of memory."""


class Preview:
    """Adds up batches of entries."""

    def __init__(self, upload: Import, source: str) -> None:
        self.total = 0
        self._zone = zone_of(upload.user)
        self._seen: set[int] = set()
        self._upload = upload
        self._source = source
        self._kinds: Counter[str] = Counter()
        self._years: Counter[int] = Counter()
        self._left_out: Counter[str] = Counter()
        self._known = self._pictures = 0
        self._first: Found | None = None
        self._last: Found | None = None

    def add(self, batch: list[Entry]) -> None:
        """Count a batch; ask the database which of its posts are here already."""
        self.total += len(batch)
        found = in_order(batch)
        unknown, known = new_posts(self._upload.user, self._source, found, import_id=self._upload.pk)
        new = [post for post in unknown if self._is_first(post)]
        self._known += known
        self._left_out.update(entry.reason for entry in batch if not isinstance(entry, Found))
        self._kinds.update(Kind.UNLISTED if post.is_unlisted else post.kind for post in new)
        self._years.update(timezone.localtime(post.written_at, self._zone).year for post in new)
        self._pictures += sum(post.pictures for post in new)
        public = [post for post in new if post.kind is Kind.PUBLIC]
        if public:
            self._first = min(filter(None, (self._first, public[0])), key=lambda post: post.written_at)
            self._last = max(filter(None, (self._last, public[-1])), key=lambda post: post.written_at)

    def _is_first(self, post: Found) -> bool:
        """Return whether no earlier batch had the post, as far as they are remembered."""
        key = hash(post.source_id)
        if key in self._seen:
            return False
        if len(self._seen) < MAX_REMEMBERED:
            self._seen.add(key)
        return True

    def as_json(self, reader: Reader) -> dict[str, Any]:
        """Return it as the row keeps it. `new`, `kinds` and `years` count what is not here yet, `known` what is.

        Years are those of the member's time zone, as on their pages.
        """
        return {
            "total": self.total,
            "new": self._kinds.total(),
            "kinds": dict(self._kinds),
            "years": {str(year): count for year, count in sorted(self._years.items())},
            "left_out": dict(self._left_out),
            "known": self._known,
            "pictures": self._pictures,
            "first": _shown(self._first),
            "last": _shown(self._last),
            "is_partial": reader.is_partial(),
            "extras": extras_preview(self._upload.user, reader.extras()),
        }


def _shown(post: Found | None) -> dict[str, str] | None:
    return {"body": post.body, "written_at": post.written_at.isoformat(), "url": post.url} if post else None
