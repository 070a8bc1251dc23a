"""Send an email, with separate errors for what failed before it and because of it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from smtplib import SMTPServerDisconnected
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend as SMTPBackend

NOT_CONNECTED = (OSError, UnicodeError, ImproperlyConfigured)
"""What the network, TLS, SMTP and wrong settings raise: a password that isn't ASCII, a missing API key."""


class NotConnectedError(Exception):
    """The site could not connect or sign in; no email was rejected."""

    def __init__(self, cause: Exception) -> None:
        """Keep the backend's error and its text."""
        super().__init__(str(cause))
        self.cause = cause


class TooLargeError(Exception):
    """The mail server's announced size limit is below the message's size."""


class HungUpError(Exception):
    """The connection ended during the email, without a reply."""


def mail_send(message: EmailMessage) -> None:
    """Hand the message to the mail server or provider, unless its announced limit is below the message's size.

    Raises NotConnectedError, TooLargeError, HungUpError, and whatever the backend raises because of the email.
    """
    with mail_connection() as connection:
        limit = _announced_size(connection)
        if limit and _size(message) > limit:
            raise TooLargeError(f"The mail server accepts no message above {limit} bytes.")
        message.connection = connection
        try:
            message.send()
        except SMTPServerDisconnected as error:
            raise HungUpError(str(error)) from error


@contextmanager
def mail_connection(**options: Any) -> Iterator[Any]:
    """Yield an open connection, past EHLO and the sign-in; `options` are the backend's. Raises NotConnectedError."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(get_connection(**options))
            if isinstance(connection, SMTPBackend) and connection.connection:
                connection.connection.ehlo_or_helo_if_needed()
        except NOT_CONNECTED as error:
            raise NotConnectedError(error) from error
        yield connection


def _size(message: EmailMessage) -> int:
    """Return the size in bytes as sent, with CRLF line ends."""
    content = message.message().as_bytes()
    return len(content) + content.count(b"\n")


def _announced_size(connection: object) -> int:
    """Return the SMTP server's announced size limit in bytes (RFC 1870); 0 without one."""
    smtp = connection.connection if isinstance(connection, SMTPBackend) else None
    announced = smtp.esmtp_features.get("size", "") if smtp else ""
    return int(announced) if announced.isdecimal() else 0
