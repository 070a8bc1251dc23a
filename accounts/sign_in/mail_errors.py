"""What stands in the way of a mail that somebody waits for in front of a form."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.mail.verdicts import Verdict, verdict_of


class MailError(Exception):
    """A mail could not be sent; `text` says what the member can do."""

    text: str | Promise


class AddressRefusedError(MailError):
    """The mail server will never take a mail to this address."""

    text = _("Our mail server refused this address. Check it for mistakes, or use another one.")


class MailUnavailableError(MailError):
    """The mail server does not take mail now."""

    text = _("We couldn't send the email just now, so nothing was changed. Try again in a few minutes.")


def mail_error(error: Exception) -> MailError:
    """Return what an error of `mail_send` means."""
    return AddressRefusedError() if is_refusal(error) else MailUnavailableError()


def is_refusal(error: Exception) -> bool:
    """Return whether it is the address that cannot be mailed, now or later.

    ValueError is the standard library's: some addresses pass Django's validator and fit in no header.
    """
    return verdict_of(error) is Verdict.RECIPIENT_REFUSED or isinstance(error, ValueError)
