"""Faults for which a mail server accepts no email from this site, for any recipient: only an operator can fix them."""

from collections.abc import Callable

from django.conf import LazySettings

from tests.mail_server import MailServer

SiteFault = Callable[[MailServer, LazySettings], None]


def is_blocked(server: MailServer, _settings: LazySettings) -> None:
    """Greet with a refusal."""
    server.replies = {"connect": "554 5.7.1 Your address is on a block list"}


def refuses_name(server: MailServer, _settings: LazySettings) -> None:
    """Refuse EHLO and HELO."""
    server.replies = {"EHLO": "550 5.7.1 Not you"}


def wrong_password(server: MailServer, settings: LazySettings) -> None:
    """Refuse the sign-in."""
    _sign_in(server, settings)
    server.replies = {"AUTH": "535 5.7.8 Username and Password not accepted"}


def disabled_account(server: MailServer, settings: LazySettings) -> None:
    """Refuse the sign-in with a code that is none of those for sign-ins."""
    _sign_in(server, settings)
    server.replies = {"AUTH": "550 5.7.13 User account disabled"}


def unfit_password(server: MailServer, settings: LazySettings) -> None:
    """Have a password that SMTP's sign-in can't carry."""
    _sign_in(server, settings)
    settings.EMAIL_HOST_PASSWORD = "contraseña"


def no_sign_in(_server: MailServer, settings: LazySettings) -> None:
    """Want to sign in where that isn't offered."""
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "site", "mail-secret"


def no_encryption(_server: MailServer, settings: LazySettings) -> None:
    """Want STARTTLS where that isn't offered."""
    settings.EMAIL_USE_TLS = True


def wants_sign_in(server: MailServer, _settings: LazySettings) -> None:
    """Refuse the sender until it has signed in."""
    server.replies = {"MAIL": "530 5.7.0 Must sign in first"}


def refuses_sender(server: MailServer, _settings: LazySettings) -> None:
    """Refuse the site's own address."""
    server.replies = {"MAIL": "550 5.1.8 Sender address rejected: domain not found"}


def does_not_relay(server: MailServer, _settings: LazySettings) -> None:
    """Refuse to take email from here to anybody."""
    server.replies = {"RCPT": "554 5.7.1 Relay access denied"}


SITE_FAULTS: list[SiteFault] = [
    is_blocked,
    refuses_name,
    wrong_password,
    disabled_account,
    unfit_password,
    no_sign_in,
    no_encryption,
    wants_sign_in,
    refuses_sender,
    does_not_relay,
]


def end(server: MailServer, settings: LazySettings) -> None:
    """Mend whichever it was."""
    server.replies = {}
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = False


def _sign_in(server: MailServer, settings: LazySettings) -> None:
    server.stop()
    server.options |= {"auth_require_tls": False, "authenticator": lambda *_parts: True}
    server.start()
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "site", "mail-secret"
