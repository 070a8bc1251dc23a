"""Decide what an error of a mail server or provider means for the email and the site.

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
"""The server rejects the sign-in, not the email."""
ENHANCED = re.compile(r"\s*5\.(\d{1,3}\.\d{1,3})\b")
ABOUT_SIZE = {"2.3", "3.4"}
ABOUT_ADDRESS = {"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.7", "1.8", "1.10", "2.1"}
ABOUT_POLICY = "7."
PROVIDERS_REFUSALS = {400, 413, 415, 422}
"""HTTP statuses of a provider's API that reject the email."""
PROVIDERS_DENIALS = {401, 402, 403, 404}
"""HTTP statuses that reject the site: its key, its account, its API address."""


class Verdict(Enum):
    """What to do about an error. Of several, the first in this order counts."""

    RETRY = auto()
    """Retry later: the error is temporary."""
    SITE_REFUSED = auto()
    """Retry later and alert staff: the server rejects every email from this site."""
    MESSAGE_REFUSED = auto()
    """This email is permanently rejected for its size or content."""
    RECIPIENT_REFUSED = auto()
    """Every email to this address is permanently rejected."""


def verdict_of(error: Exception) -> Verdict:
    """Return the verdict on an error of `mail_send`; an unknown error counts as temporary."""
    if isinstance(error, NotConnectedError):
        return Verdict.RETRY if _passes(error.cause) else Verdict.SITE_REFUSED
    if isinstance(error, AnymailError):
        return _of_provider(error)
    if isinstance(error, SMTPException):
        return _of_smtp(error)
    return Verdict.MESSAGE_REFUSED if isinstance(error, TooLargeError) else Verdict.RETRY


def _passes(error: Exception) -> bool:
    """Return whether a failure to connect or sign in can end without an operator."""
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
    if isinstance(error, SMTPSenderRefused):  # no recipient was sent yet, so a rejected address is the site's own
        verdict = _of_reply(error.smtp_code, error.smtp_error, permanent=Verdict.MESSAGE_REFUSED)
        return Verdict.SITE_REFUSED if verdict is Verdict.RECIPIENT_REFUSED else verdict
    if isinstance(error, SMTPDataError):
        return _of_reply(error.smtp_code, error.smtp_error, permanent=Verdict.MESSAGE_REFUSED)
    return Verdict.RETRY


def _of_recipients(replies: Iterable[tuple[int, bytes]]) -> Verdict:
    verdicts = {_of_recipient(code, text) for code, text in replies}
    return next(verdict for verdict in Verdict if verdict in verdicts)


def _of_recipient(code: int, text: bytes) -> Verdict:
    """Return the verdict on a reply to RCPT; a policy reply, such as a block list's, is about the sender."""
    verdict = _of_reply(code, text, permanent=Verdict.RECIPIENT_REFUSED)
    is_policy = verdict is Verdict.RECIPIENT_REFUSED and _detail(text).startswith(ABOUT_POLICY)
    return Verdict.SITE_REFUSED if is_policy else verdict


def _of_reply(code: int, text: bytes | str, *, permanent: Verdict) -> Verdict:
    """Return the verdict on a reply; `permanent` is that on a permanent one without details."""
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
