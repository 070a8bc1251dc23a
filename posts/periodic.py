"""Deleted posts that can no longer be restored, and what an unfinished rebuild of the search index left."""

from django.db import connection, transaction
from django.utils import timezone

from core.periodic import periodic
from posts.jobs import RebuildSearchIndex
from posts.models import RemovedPost
from posts.search.interface import ENGINES
from posts.search.table import TABLES
from posts.services import UNDO_TIME
from tasks.models import Task


@periodic()
def removed_posts_purge() -> int:
    """Forget the removed posts that can no longer be brought back; return their number."""
    deleted, _by_model = RemovedPost.objects.filter(removed_at__lte=timezone.now() - UNDO_TIME).delete()
    return deleted


@periodic()
def unfinished_indexes_remove() -> int:
    """Remove what a rebuild of the search index has left that failed or was cancelled; return for how many tables."""
    with transaction.atomic(), connection.cursor() as cursor:
        if Task.objects.active().filter(name=RebuildSearchIndex.name).exists():
            return 0
        for table in TABLES:
            ENGINES[connection.vendor].remove_unfinished(cursor, table)
    return len(TABLES)
