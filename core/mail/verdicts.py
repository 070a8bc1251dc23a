"""What an error of a mail server or provider means: whether the same email can still be sent, or another one.

The codes are RFC 5321's, the enhanced status codes RFC 3463's.
"""

import re
from collections.abc import Iterable
from enum import Enum, auto
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from ssl import SSLError

from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)

from core.mail.sending import NotConnectedError, TooLargeError

PERMANENT = 500
TOO_LARGE = 552
SIGN_IN = {530, 534, 535, 538}
"""The server wants another sign-in, which says nothing of the email."""
ENHANCED = re.compile(r"\s*5\.(\d{1,3}\.\d{1,3})\b")
ABOUT_SIZE = {"2.3", "3.4"}
ABOUT_ADDRESS = {"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.7", "1.8", "1.10", "2.1"}
ABOUT_POLICY = "7."
PROVIDERS_REFUSALS = {400, 413, 415, 422}
"""The HTTP statuses by which a provider's API refuses the email itself."""
PROVIDERS_DENIALS = {401, 402, 403, 404}
"""Those by which it refuses the site: its key, its account, its address of the API."""


class Verdict(Enum):
    """What to do about an error; of several, the first in this order counts."""

    RETRY = auto()
    """Send the same email later: the error will pass."""
    SITE_REFUSED = auto()
    """Send the same email later, and tell staff: the server accepts none from this site until they act."""
    MESSAGE_REFUSED = auto()
    """This email is never accepted, for its size or content."""
    RECIPIENT_REFUSED = auto()
    """No email to this address is accepted."""


def verdict_of(error: Exception) -> Verdict:
    """Return what an error of `mail_send` means; whatever is unknown may pass."""
    if isinstance(error, NotConnectedError):
        return Verdict.RETRY if _passes(error.cause) else Verdict.SITE_REFUSED
    if isinstance(error, AnymailError):
        return _of_provider(error)
    if isinstance(error, SMTPException):
        return _of_smtp(error)
    return Verdict.MESSAGE_REFUSED if isinstance(error, TooLargeError) else Verdict.RETRY


def _passes(error: Exception) -> bool:
    """Return whether what kept the site from connecting or signing in can end without an operator."""
    if isinstance(error, SMTPResponseException):
        return error.smtp_code < PERMANENT
    if isinstance(error, SMTPServerDisconnected):
        return True
    return isinstance(error, OSError) and not isinstance(error, SMTPException | SSLError)


def _of_provider(error: AnymailError) -> Verdict:
    if isinstance(error, AnymailRecipientsRefused | AnymailInvalidAddress):
        return Verdict.RECIPIENT_REFUSED
    if error.status_code in PROVIDERS_DENIALS:
        return Verdict.SITE_REFUSED
    is_unsendable = isinstance(error, AnymailUnsupportedFeature | AnymailSerializationError)
    return Verdict.MESSAGE_REFUSED if is_unsendable or error.status_code in PROVIDERS_REFUSALS else Verdict.RETRY


def _of_smtp(error: SMTPException) -> Verdict:
    if isinstance(error, SMTPNotSupportedError):  # the address needs SMTPUTF8, which the server lacks
        return Verdict.RECIPIENT_REFUSED
    if isinstance(error, SMTPRecipientsRefused):
        return _of_recipients(error.recipients.values())
    if isinstance(error, SMTPSenderRefused):  # no recipient was named yet: an address at fault is the site's own
        verdict = _of_reply(error.smtp_code, error.smtp_error, permanent=Verdict.MESSAGE_REFUSED)
        return Verdict.SITE_REFUSED if verdict is Verdict.RECIPIENT_REFUSED else verdict
    if isinstance(error, SMTPDataError):
        return _of_reply(error.smtp_code, error.smtp_error, permanent=Verdict.MESSAGE_REFUSED)
    return Verdict.RETRY


def _of_recipients(replies: Iterable[tuple[int, bytes]]) -> Verdict:
    verdicts = {_of_recipient(code, text) for code, text in replies}
    return next(verdict for verdict in Verdict if verdict in verdicts)


def _of_recipient(code: int, text: bytes) -> Verdict:
    """Return what a reply to RCPT means: one about policy, such as a block list, is about who sends."""
    verdict = _of_reply(code, text, permanent=Verdict.RECIPIENT_REFUSED)
    is_policy = verdict is Verdict.RECIPIENT_REFUSED and _detail(text).startswith(ABOUT_POLICY)
    return Verdict.SITE_REFUSED if is_policy else verdict


def _of_reply(code: int, text: bytes | str, *, permanent: Verdict) -> Verdict:
    """Return what a reply means; `permanent`: what a permanent one does that says no more."""
    if code < PERMANENT:
        return Verdict.RETRY
    if code in SIGN_IN:
        return Verdict.SITE_REFUSED
    detail = _detail(text)
    if detail in ABOUT_ADDRESS:
        return Verdict.RECIPIENT_REFUSED
    return Verdict.MESSAGE_REFUSED if code == TOO_LARGE or detail in ABOUT_SIZE else permanent


def _detail(text: bytes | str) -> str:
    """Return the last two numbers of the enhanced status code, such as "1.1"; empty without one."""
    found = ENHANCED.match(text.decode(errors="replace") if isinstance(text, bytes) else text)
    return found[1] if found else ""
