"""An email that workers send, and what has become of it so far."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mailing(models.Model):
    """The columns of whatever row stands for an email."""

    mail_attempts = models.PositiveSmallIntegerField(_("mail attempts"), default=0)
    # When the mail is due (again); empty when it was sent or given up.
    mail_due_at = models.DateTimeField(_("mail due"), null=True, blank=True)
    mail_error = models.TextField(_("mail error"), blank=True)
    # What the mail server said, for staff.
    mail_answer = models.TextField(_("mail server's answer"), blank=True, default="", db_default="")

    class Meta:
        abstract = True


class LinkReason(models.TextChoices):
    """Why an email has a link instead of the file, although the file is small enough."""

    REFUSED = "refused", _("the mail server refused it with the file")
    ADDRESS_CHANGED = "address_changed", _("the member's address has changed since they asked")
