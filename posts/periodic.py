"""Regular work: deleted posts that can no longer be restored."""

from django.utils import timezone

from core.bulk_delete import bulk_delete
from core.periodic import periodic
from posts.models import RemovedPost
from posts.services import UNDO_TIME


@periodic()
def prune_removed_posts() -> int:
    """Delete what is left of posts that were deleted more than UNDO_TIME ago; return their number."""
    return bulk_delete(RemovedPost.objects.filter(removed_at__lte=timezone.now() - UNDO_TIME))
