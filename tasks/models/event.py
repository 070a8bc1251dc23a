"""The history of a task: one row per transition."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tasks.models.task import Task, TaskStatus


class Reason(models.TextChoices):
    """Why a task is where it is now, as staff read it."""

    ASKED = "asked", _("Requested")
    RETRIED = "retried", _("Requested again")
    CLAIMED = "claimed", _("Claimed by a worker")
    SUCCEEDED = "succeeded", _("Succeeded")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Permanently failed")
    ERRORED = "raised", _("The attempt ended in an error")
    REFUSED = "refused", _("Refused: no further attempt could succeed")
    TIMED_OUT = "timed_out", _("Took longer than allowed")
    WORKER_LOST = "died", _("The worker died or stopped reporting")
    RELEASED = "handed_back", _("The worker was stopped and released the task")
    INTERRUPTED = "interrupted", _("Stopped at a checkpoint: its worker is being stopped")
    QUEUE_PAUSED = "queue_paused", _("Stopped at a checkpoint: its queue is paused")
    SLICE_OVER = "slice_over", _("Stopped at a checkpoint, to let others run")
    JOB_LOST = "job_lost", _("The queue lost the job; requeued")
    QUEUE_UNAVAILABLE = "queue_away", _("The queue server could not be reached")
    ACCOUNT_CLOSED = "account_closed", _("Cancelled: the member's account isn't active")
    UNKNOWN_KIND = "unknown_kind", _("This kind of task no longer exists")


class ActorType(models.TextChoices):
    """Who caused a transition; kept beside the account, which may be erased."""

    SYSTEM = "system", _("the system")
    MEMBER = "member", _("the member")
    STAFF = "staff", _("staff")


class TaskEvent(models.Model):
    """One transition, written in its transaction. Code that knows no events may run beside this, and writes none."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="events")
    at = models.DateTimeField(_("time"), default=timezone.now)
    status = models.CharField(_("status"), max_length=16, choices=TaskStatus)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    worker = models.CharField(_("worker"), max_length=128, blank=True)
    by = models.CharField(_("by"), max_length=8, choices=ActorType)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # The class of an error, or the id of the task that this one repeats: never what a member wrote.
    detail = models.CharField(_("detail"), max_length=100, blank=True)

    class Meta:
        db_table = "exports_taskevent"  # its name since the first release
        verbose_name = _("task event")
        verbose_name_plural = _("task events")
        ordering = ["pk"]  # clocks of several machines differ
        # Most events have no actor; an account that is erased has to find its own.
        indexes = [models.Index("actor", condition=Q(actor__isnull=False), name="event_by_actor")]

    def __str__(self) -> str:
        return f"{self.task_id} {self.status}"

    @property
    def who(self) -> str:
        """Return who had it happen, in a word or two."""
        if self.by == ActorType.STAFF:
            return self.actor.username if self.actor else gettext("staff (account erased)")
        return str(self.get_by_display())

    @property
    def repeats(self) -> str:
        """Return the id of the task that this one repeats; empty if it repeats none."""
        return self.detail if self.reason == Reason.RETRIED else ""

    @property
    def error_class(self) -> str:
        """Return the class of the error that ended the attempt, if one did."""
        return "" if self.repeats else self.detail
