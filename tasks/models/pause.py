"""A queue that staff have paused, as long as its row exists."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TaskQueue(models.TextChoices):
    """A task waits behind those of its own queue only."""

    SMALL = "small", _("Small")
    """Done within moments."""
    LARGE = "large", _("Large")
    """So much work that other members should not wait for it."""


class QueuePause(models.Model):
    """While it exists, no task of its queue is claimed, and running ones stop at their next checkpoint."""

    queue = models.CharField(_("queue"), max_length=8, choices=TaskQueue, primary_key=True)
    since = models.DateTimeField(_("since"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
        db_constraint=False,  # a release that knows no pauses may delete the account
    )

    class Meta:
        verbose_name = _("queue pause")
        verbose_name_plural = _("queue pauses")
        default_permissions = ()
        permissions = [("pause_queue", "Can pause and resume queues")]

    def __str__(self) -> str:
        return str(self.get_queue_display())


def queue_is_paused(queue: str) -> bool:
    """Return whether staff have paused the queue."""
    return QueuePause.objects.filter(queue=queue).exists()
