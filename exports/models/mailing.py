"""An email that workers send, and what has become of it so far."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class MailEvent(models.TextChoices):
    """What the mail provider last reported of an email."""

    DELIVERED = "delivered", _("delivered")
    BOUNCED = "bounced", _("returned by the recipient's mail server")
    REJECTED = "rejected", _("not sent by the mail provider")
    COMPLAINED = "complained", _("marked as spam")


class Mailing(models.Model):
    """The columns of whatever row stands for an email."""

    mail_attempts = models.PositiveSmallIntegerField(_("email attempts"), default=0)
    # When the next attempt is due; empty once it was sent or given up.
    mail_due_at = models.DateTimeField(_("email due"), null=True, blank=True)
    mail_error = models.TextField(_("email error"), blank=True)
    # What the mail server said, for staff.
    mail_answer = models.TextField(_("mail server's answer"), blank=True, default="", db_default="")

    # The provider's id of the email, which its reports name; empty without a provider.
    mail_id = models.CharField(_("provider's id of the email"), max_length=255, blank=True, default="", db_default="")
    mail_event = models.CharField(
        _("provider's report"), max_length=16, choices=MailEvent, blank=True, default="", db_default=""
    )

    class Meta:
        abstract = True

    is_shown: ClassVar[bool] = False
    """Whether the task's alert says what became of the email."""
    task: Any
    task_id: Any

    def is_still_wanted(self) -> bool:
        """Return whether a failed attempt may be retried."""
        raise NotImplementedError


class LinkReason(models.TextChoices):
    """Why an email has a link instead of the file, although the file is small enough."""

    REFUSED = "refused", _("the mail server refused it with the file")
    CUT_OFF = "cut_off", _("the mail server hung up twice when it was sent with the file")
    ADDRESS_CHANGED = "address_changed", _("the member's address has changed since they asked")
