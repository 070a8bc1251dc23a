"""Posts."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from posts.validators import validate_body


class Post(models.Model):
    """A few words by a member."""

    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="posts", db_index=False)
    body = models.TextField(_("body"), validators=[validate_body])
    timestamp = models.DateTimeField(_("written at"), default=timezone.now)

    class Meta:
        # Both serve a keyset page (newest first, ties by id) at the same cost however deep it lies.
        indexes = [
            models.Index("author", "timestamp", "id", name="post_by_author"),
            models.Index("timestamp", "id", name="post_by_time"),
        ]

    def __str__(self) -> str:
        return self.body
