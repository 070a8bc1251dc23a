"""Errors of emails that are sent while a visitor waits."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.mail.verdicts import Verdict, verdict_of


class MailError(Exception):
    """An email could not be sent; `text` says what the visitor can do."""

    text: str | Promise


class AddressRefusedError(MailError):
    """The mail server permanently refuses this address."""

    text = _("Our mail server refused this address. Check it for mistakes, or use another one.")


class MailUnavailableError(MailError):
    """The mail server is unavailable."""

    text = _("We couldn't send the email just now, so nothing was changed. Try again in a few minutes.")


def mail_error(error: Exception) -> MailError:
    """Return what an error of `mail_send` means."""
    return AddressRefusedError() if is_refusal(error) else MailUnavailableError()


def is_refusal(error: Exception) -> bool:
    """Return whether the address itself is refused.

    The standard library raises ValueError for addresses that pass Django's validator but fit in no header.
    """
    return verdict_of(error) is Verdict.RECIPIENT_REFUSED or isinstance(error, ValueError)
