"""Mail: whether the server takes our sign-in, and, if asked for, a mail."""

from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from core.mail.messages import automatic
from core.mail.sending import NotConnectedError, mail_connection
from operations.doctor.configuration import is_production
from operations.doctor.findings import Check, Finding, fail, in_a_line, ok, warn

PATIENCE = 10  # seconds for the mail server, below the time limit of a check
LOCAL = {"localhost", "127.0.0.1", "::1"}
REMEDY = "Correct EMAIL_URL (smtp+tls://user:password@host:587), and check that this machine can reach that host."


def check_mail() -> Iterator[Finding]:
    """Sign in to the mail server, and send nothing."""
    if _is_smtp():
        yield _sign_in()
        yield from _encryption()
    elif settings.ANYMAIL:
        yield ok("mail", f"{settings.EMAIL_BACKEND}; only --send-mail ADDRESS can try it")
    elif is_production():
        remedy = "Set EMAIL_URL or a provider's ANYMAIL_ variables: until then members get no email."
        yield fail("mail", f"kept in files under {settings.MAIL_DIR}", remedy)
    else:
        yield ok("mail", f"kept in files under {settings.MAIL_DIR}, in development")
    yield _sender()


def _is_smtp() -> bool:
    return bool(settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend")


def _sign_in() -> Finding:
    place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with mail_connection(timeout=PATIENCE):
            pass
    except NotConnectedError as error:
        return fail("mail", f"{place}: {in_a_line(error.cause)}", REMEDY)
    who = f"signed in as {settings.EMAIL_HOST_USER}" if settings.EMAIL_HOST_USER else "no sign-in"
    return ok("mail", f"{place} answers, {who}")


def _encryption() -> Iterator[Finding]:
    is_encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL or settings.EMAIL_HOST in LOCAL
    if settings.EMAIL_HOST_USER and not is_encrypted:
        yield warn("mail encryption", "the password goes in clear text", "Use smtp+tls:// or smtp+ssl://.")


def _sender() -> Finding:
    sender = settings.DEFAULT_FROM_EMAIL
    if is_production() and ("@localhost" in sender or "@" not in sender):
        return warn("mail sender", sender, "Set DEFAULT_FROM_EMAIL to an address that the mail server may send from.")
    return ok("mail sender", sender)


def mail_check(address: str) -> Check:
    """Return a check that sends a mail to `address`."""
    check = partial(_send, address)
    check.__name__ = "check_test_mail"  # type: ignore[attr-defined]
    return check


def _send(address: str) -> Iterator[Finding]:
    body = f"manage.py doctor of {settings.SITE_URL} sent this test email. You don't need to do anything."
    connection = get_connection(timeout=PATIENCE) if _is_smtp() else get_connection()
    try:
        message = EmailMultiAlternatives("[Microblog] A test", body, to=[address], connection=connection)
        automatic(message).send()
    except Exception as error:  # whatever a mail backend raises
        yield fail("test mail", in_a_line(error), REMEDY)
    else:
        yield ok("test mail", f"handed over for {address}; check that it arrives, and not as spam")
