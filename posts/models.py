"""Posts."""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.validators import validate_moment
from posts.validators import validate_body


class PostQuerySet(models.QuerySet["Post"]):
    """The vocabulary of post queries."""

    def by(self, author: User) -> Self:
        """Return one member's posts."""
        return self.filter(author=author)

    def shown(self) -> Self:
        """Return the posts that everyone may see: not those of closed accounts."""
        # An index finds the few closed accounts once, whatever the number of posts.
        return self.exclude(author__in=User.objects.filter(is_active=False))

    def with_authors(self) -> Self:
        """Fetch the authors by the same query."""
        return self.select_related("author")


class Post(models.Model):
    """A few words by a member."""

    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="posts", db_index=False)
    body = models.TextField(_("body"), validators=[validate_body])
    timestamp = models.DateTimeField(_("written at"), default=timezone.now, validators=[validate_moment])

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        # Both serve any keyset page (newest first, ties by id) at the same cost.
        indexes = [
            models.Index("author", "timestamp", "id", name="post_by_author"),
            models.Index("timestamp", "id", name="post_by_time"),
        ]

    def __str__(self) -> str:
        return self.body

    def get_absolute_url(self) -> str:
        """Return the post's permanent address."""
        return reverse("posts:post", args=[self.pk])


class RemovedPost(models.Model):
    """A recently deleted post, which its author can restore. Its own table saves excluding it elsewhere."""

    post_id = models.BigIntegerField(primary_key=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="removed_posts")
    body = models.TextField(_("body"))
    timestamp = models.DateTimeField(_("written at"))
    removed_at = models.DateTimeField(_("removed at"), default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.body
