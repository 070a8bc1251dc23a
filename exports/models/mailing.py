"""Emails that workers send, and what has become of each so far."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from exports.models.schedule import Schedule, ScheduleStatus, is_scheduled
from tasks.models import Task


class MailEvent(models.TextChoices):
    """What the mail provider last reported of an email."""

    DELIVERED = "delivered", _("delivered")
    BOUNCED = "bounced", _("returned by the recipient's mail server")
    REJECTED = "rejected", _("not sent by the mail provider")
    COMPLAINED = "complained", _("marked as spam")


class Mailing(models.Model):
    """The columns that every email has; a subclass has the `task` that the email is about."""

    mail_attempts = models.PositiveSmallIntegerField(_("email attempts"), default=0)
    # When the next attempt is due; empty once it was sent or given up.
    mail_due_at = models.DateTimeField(_("email due"), null=True, blank=True)
    mail_error = models.TextField(_("email error"), blank=True)
    # What the mail server said, for staff.
    mail_answer = models.TextField(_("mail server's reply"), blank=True, default="", db_default="")

    # The provider's id of the email, which its reports name; empty without a provider.
    mail_id = models.CharField(_("provider's id of the email"), max_length=255, blank=True, default="", db_default="")
    mail_event = models.CharField(
        _("provider's report"), max_length=16, choices=MailEvent, blank=True, default="", db_default=""
    )

    class Meta:
        abstract = True

    is_shown: ClassVar[bool] = False
    """Whether the task's alert says what became of the email."""
    mail_function: ClassVar[str]
    """The function that a worker runs to send it, with the task's id."""
    task: models.OneToOneField[Task, Task]
    task_id: UUID

    @property
    def mail_job_id(self) -> str:
        """Return the id of the job in the queue that sends it."""
        raise NotImplementedError

    @property
    def mail_job_ids(self) -> set[str]:
        """Return the ids of all jobs that can be sending it."""
        return {self.mail_job_id}

    def is_still_wanted(self) -> bool:
        """Return whether a failed attempt may be retried."""
        raise NotImplementedError


class LinkReason(models.TextChoices):
    """Why an email has a link instead of the file, although the file is small enough."""

    REFUSED = "refused", _("the mail server refused it with the file attached")
    CUT_OFF = "cut_off", _("the mail server dropped the connection twice with the file attached")
    ADDRESS_CHANGED = "address_changed", _("the member's address has changed since the request")


class FailureEmail(Mailing):
    """The email that tells a member that their export failed for good; created in the failure's transaction."""

    # An earlier release, which knows no such emails, can still delete tasks.
    task = models.OneToOneField(Task, models.CASCADE, related_name="failure_email", db_constraint=False)

    class Meta:
        verbose_name = _("failure email")
        verbose_name_plural = _("failure emails")
        indexes = [
            models.Index("mail_due_at", condition=models.Q(mail_due_at__isnull=False), name="failure_email_due"),
            models.Index(fields=["mail_id"], name="failure_email_mail_id"),
        ]

    mail_function = "exports.jobs.deliver_failure"

    def __str__(self) -> str:
        return f"failure of {self.task_id}"

    @property
    def mail_job_id(self) -> str:
        """Return the id of the job in the queue that sends the email."""
        return f"failure-mail-{self.task_id}"

    def is_still_wanted(self) -> bool:
        """Return whether the member is there, and has requested no other export of the kind since.

        That their schedule is paused is news all the same.
        """
        later = Task.objects.filter(user=self.task.user_id, name=self.task.name, created_at__gt=self.task.created_at)
        is_paused = bool(self.schedule and self.schedule.status == ScheduleStatus.PAUSED)
        return self.task.member.is_active and (is_paused or not later.exists())

    @property
    def schedule(self) -> Schedule | None:
        """Return the schedule that launched the export, as it is now."""
        return Schedule.objects.filter(user=self.task.user_id).first() if is_scheduled(self.task) else None
