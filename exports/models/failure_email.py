"""The email that tells a member that their export failed for good."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from exports.models.mailing import Mailing
from tasks.models.task import Task


class FailureEmail(Mailing):
    """One for a failed export, made together with the failure."""

    # Code that knows no such emails deletes tasks beside ours.
    task = models.OneToOneField(Task, models.CASCADE, related_name="failure_email", db_constraint=False)

    class Meta:
        verbose_name = _("failure email")
        verbose_name_plural = _("failure emails")
        indexes = [
            models.Index("mail_due_at", condition=Q(mail_due_at__isnull=False), name="failure_email_due"),
            models.Index(fields=["mail_id"], name="failure_email_mail_id"),
        ]

    mail_function = "exports.jobs.deliver_failure"

    @property
    def mail_job_id(self) -> str:
        """Return the id of the job in the queue that sends the email."""
        return f"failure-mail-{self.task_id}"

    @property
    def mail_job_ids(self) -> set[str]:
        """Return the ids of all jobs that can be sending it."""
        return {self.mail_job_id}

    def is_still_wanted(self) -> bool:
        """Return whether the member is there, and has requested no other export of the kind since."""
        later = Task.objects.filter(user=self.task.user_id, name=self.task.name, created_at__gt=self.task.created_at)
        return self.task.member.is_active and not later.exists()

    def __str__(self) -> str:
        return f"failure of {self.task_id}"
