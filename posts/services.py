"""Deleting a post, and bringing it back while there is still time."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from posts.models import Post, RemovedPost

UNDO_TIME = timedelta(hours=1)


@transaction.atomic
def post_remove(*, author: User, post_id: int) -> bool:
    """Take the author's post away, to where `post_restore` finds it; return whether it was there."""
    post = Post.objects.select_for_update().filter(author=author, pk=post_id).first()
    if post is None:
        return False
    RemovedPost.objects.create(post_id=post.pk, author=author, body=post.body, timestamp=post.timestamp)
    post.delete()
    return True


@transaction.atomic
def post_restore(*, author: User, post_id: int) -> bool:
    """Bring the author's removed post back as it was; return False if there is none or UNDO_TIME is over."""
    restorable = author.removed_posts.select_for_update().filter(removed_at__gt=timezone.now() - UNDO_TIME)
    removed = restorable.filter(pk=post_id).first()
    if removed is None:
        return False
    Post.objects.create(pk=removed.post_id, author=author, body=removed.body, timestamp=removed.timestamp)
    removed.delete()
    return True
