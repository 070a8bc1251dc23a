"""A member's notifications, and the feed by which they can follow what becomes of their tasks."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import DigestField


class NotificationQuerySet(models.QuerySet["Notification"]):
    """The vocabulary of notification queries."""

    def after(self, cursor: int) -> "NotificationQuerySet":
        """Return the notifications after `cursor`, oldest first."""
        return self.filter(cursor__gt=cursor).order_by("cursor")

    def shown_on_pages(self, names: list[str]) -> "NotificationQuerySet":
        """Return the notifications of these names that aren't dismissed, oldest first."""
        return self.filter(name__in=names, dismissed=False).order_by("cursor")


class Notification(models.Model):
    """A member's latest notification under (`name`, `key`); a newer one replaces it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", db_index=False)
    name = models.CharField(_("name"), max_length=64)
    # Keeps two notifications of one name apart, such as the progress of two tasks.
    key = models.CharField(_("key"), max_length=64, blank=True)
    data = models.JSONField(_("data"))
    # Microseconds since 1970, made strictly increasing for each member: see `notifications.services`.
    cursor = models.BigIntegerField(_("cursor"))
    dismissed = models.BooleanField(_("dismissed"), default=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [models.UniqueConstraint(fields=["user", "name", "key"], name="latest_word_under_one_key")]
        indexes = [
            models.Index("user", "cursor", name="notification_by_cursor"),
            # For pruning, which deletes few rows among very many.
            models.Index("cursor", condition=models.Q(dismissed=True), name="notification_dismissed"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}".strip()


class Feed(models.Model):
    """A member's Atom feed. Only its secret address opens it, and only the address's digest is stored."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="feed",
        db_constraint=False,  # an earlier release, which knows no feeds, can still delete members
    )
    key = DigestField(_("key"), max_length=40, unique=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")

    def __str__(self) -> str:
        return f"feed of member {self.user_id}"
