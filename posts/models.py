"""Posts."""

from datetime import datetime
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

    def written(self, *, since: datetime | None = None, until: datetime | None = None) -> Self:
        """Return the posts from `since` on, and before `until`."""
        range_ = {"timestamp__gte": since, "timestamp__lt": until}
        return self.filter(**{lookup: moment for lookup, moment in range_.items() if moment})

    def shown(self) -> Self:
        """Return the posts that everyone may see: not those of closed accounts."""
        # An index finds the few closed accounts once, whatever the number of posts.
        return self.exclude(author__in=User.objects.filter(is_active=False))

    def with_authors(self) -> Self:
        """Fetch the authors, and where imported posts come from, by the same query."""
        return self.select_related("author", "origin")


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


class PostOrigin(models.Model):
    """Where an imported post comes from. The row outlives the post, so that no later import brings it back."""

    # A plain number to the database: it stays when the post is deleted, and is its post's again if that is restored.
    post = models.OneToOneField(Post, models.DO_NOTHING, primary_key=True, related_name="origin", db_constraint=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="post_origins", db_index=False)
    source = models.CharField(_("source"), max_length=100)  # such as "X" or "social.example": what people call it
    source_id = models.CharField(_("id there"), max_length=255)
    url = models.CharField(_("original"), max_length=500, blank=True)
    import_id = models.UUIDField(_("import"), db_index=True)  # brought by which, if that still exists

    class Meta:
        verbose_name = _("origin of a post")
        verbose_name_plural = _("origins of posts")
        constraints = [
            # Makes a second import of the same archive add nothing.
            models.UniqueConstraint("author", "source", "source_id", name="one_post_an_original"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.source_id}"
