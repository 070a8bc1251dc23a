"""Delete a post, and restore it within UNDO_TIME."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from posts.models import Post, RemovedPost

UNDO_TIME = timedelta(hours=1)


@transaction.atomic
def post_remove(*, author: User, post_id: int) -> bool:
    """Delete the author's post, so that `post_restore` can restore it; return whether it existed."""
    post = Post.objects.select_for_update().filter(author=author, pk=post_id).first()
    if post is None:
        return False
    RemovedPost.objects.create(post_id=post.pk, author=author, body=post.body, timestamp=post.timestamp)
    post.delete()
    return True


@transaction.atomic
def post_restore(*, author: User, post_id: int) -> bool:
    """Restore the author's deleted post as it was; return False without one, or after UNDO_TIME."""
    restorable = author.removed_posts.select_for_update().filter(removed_at__gt=timezone.now() - UNDO_TIME)
    removed = restorable.filter(pk=post_id).first()
    if removed is None:
        return False
    Post.objects.create(pk=removed.post_id, author=author, body=removed.body, timestamp=removed.timestamp)
    removed.delete()
    return True
