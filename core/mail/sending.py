"""Hand an email to the mail server, with what fails before the email told apart from what fails because of it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from smtplib import SMTPServerDisconnected
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend as SMTPBackend

NOT_CONNECTED = (OSError, UnicodeError, ImproperlyConfigured)
"""What the network, TLS, SMTP and the settings raise: a password may be unfit for ASCII, a provider's key missing."""


class NotConnectedError(Exception):
    """The site could not connect, say EHLO or sign in: nothing was said of any email."""

    def __init__(self, cause: Exception) -> None:
        """Keep what the backend raised; the text is the same."""
        super().__init__(str(cause))
        self.cause = cause


class TooLargeError(Exception):
    """The mail server has announced that it accepts no message of this size."""


class HungUpError(Exception):
    """The connection ended in the middle of the email, without a reply."""


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
    """Return the bytes on the wire, where each line ends in two."""
    content = message.message().as_bytes()
    return len(content) + content.count(b"\n")


def _announced_size(connection: object) -> int:
    """Return the size that the SMTP server announced (RFC 1870); 0 if none, or if there is no such server."""
    smtp = connection.connection if isinstance(connection, SMTPBackend) else None
    announced = smtp.esmtp_features.get("size", "") if smtp else ""
    return int(announced) if announced.isdecimal() else 0
