"""Regular work: deleted posts that can no longer be restored, and what an unfinished rebuild of the search left."""

from django.db import connection, transaction
from django.utils import timezone

from core.bulk_delete import bulk_delete
from core.periodic import periodic
from posts.jobs import RebuildSearchIndex
from posts.models import RemovedPost
from posts.search.interface import ENGINES
from posts.search.table import TABLES
from posts.services import UNDO_TIME
from tasks.models import Task


@periodic()
def prune_removed_posts() -> int:
    """Delete what is left of posts that were deleted more than UNDO_TIME ago; return their number."""
    return bulk_delete(RemovedPost.objects.filter(removed_at__lte=timezone.now() - UNDO_TIME))


@periodic()
def remove_unfinished_indexes() -> int:
    """Remove what a failed or cancelled rebuild of the search index left; return for how many tables."""
    with transaction.atomic(), connection.cursor() as cursor:
        if Task.objects.active().filter(name=RebuildSearchIndex.name).exists():
            return 0
        for table in TABLES:
            ENGINES[connection.vendor].remove_unfinished(cursor, table)
    return len(TABLES)
