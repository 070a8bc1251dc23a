"""Deleted posts that can no longer be restored."""

from django.utils import timezone

from core.periodic import periodic
from posts.models import RemovedPost
from posts.services import UNDO_TIME


@periodic()
def removed_posts_purge() -> int:
    """Forget the removed posts that can no longer be brought back; return their number."""
    deleted, _by_model = RemovedPost.objects.filter(removed_at__lte=timezone.now() - UNDO_TIME).delete()
    return deleted
