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

    def __str__(self) -> str:
        return f"failure of {self.task_id}"
