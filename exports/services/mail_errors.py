"""What an error of a mail server or provider means: whether the same email can still be sent, or another one.

The codes are RFC 5321's, the enhanced status codes RFC 3463's.
"""

import re
from collections.abc import Iterable
from enum import Enum, auto
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)

PERMANENT = 500
TOO_LARGE = 552
SIGN_IN = {530, 534, 535, 538}
"""The server wants another sign-in: that is the site's to mend, and no word about the email."""
ENHANCED = re.compile(r"\s*5\.(\d{1,3}\.\d{1,3})\b")
ABOUT_SIZE = {"2.3", "3.4"}
ABOUT_RECIPIENT = {"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1"}
PROVIDERS_REFUSALS = {400, 413, 415, 422}
"""HTTP's statuses by which a provider's API refuses the email itself; the others are about the site, or pass."""


class Verdict(Enum):
    """What to do about it."""

    RETRY = auto()
    """Send the same email later: the error passes, or the site can be mended."""
    MESSAGE_REFUSED = auto()
    """This email is never taken, for its size or content."""
    RECIPIENT_REFUSED = auto()
    """No email to this address is taken."""


class TooLargeError(Exception):
    """The mail server has announced that it takes no message of this size."""


def verdict_of(error: Exception) -> Verdict:
    """Return what an error that a mail backend raised means; whatever is not known may pass."""
    if isinstance(error, AnymailError):
        return _of_provider(error)
    if isinstance(error, SMTPRecipientsRefused):
        return _of_recipients(error.recipients.values())
    if isinstance(error, SMTPSenderRefused | SMTPDataError):
        return _of_reply(error.smtp_code, error.smtp_error, permanent=Verdict.MESSAGE_REFUSED)
    return Verdict.MESSAGE_REFUSED if isinstance(error, TooLargeError) else Verdict.RETRY


def _of_provider(error: AnymailError) -> Verdict:
    if isinstance(error, AnymailRecipientsRefused | AnymailInvalidAddress):
        return Verdict.RECIPIENT_REFUSED
    is_unsendable = isinstance(error, AnymailUnsupportedFeature | AnymailSerializationError)
    return Verdict.MESSAGE_REFUSED if is_unsendable or error.status_code in PROVIDERS_REFUSALS else Verdict.RETRY


def _of_recipients(replies: Iterable[tuple[int, bytes]]) -> Verdict:
    verdicts = {_of_reply(code, text, permanent=Verdict.RECIPIENT_REFUSED) for code, text in replies}
    return next(verdict for verdict in Verdict if verdict in verdicts)


def _of_reply(code: int, text: bytes | str, *, permanent: Verdict) -> Verdict:
    """Return what a reply means; `permanent`: what a permanent one does that says no more."""
    if code < PERMANENT or code in SIGN_IN:
        return Verdict.RETRY
    found = ENHANCED.match(text.decode(errors="replace") if isinstance(text, bytes) else text)
    detail = found[1] if found else ""
    if detail in ABOUT_RECIPIENT:
        return Verdict.RECIPIENT_REFUSED
    return Verdict.MESSAGE_REFUSED if code == TOO_LARGE or detail in ABOUT_SIZE else permanent
