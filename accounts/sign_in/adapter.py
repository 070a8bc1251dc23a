"""The hooks of django-allauth: emails, messages, and the limits on signing in."""

import logging
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.core.ratelimit import respond_429
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import get_language_from_request

from accounts.models import User
from accounts.settings.preferences import mail_language
from accounts.sign_in.addresses import holder_of, names_to_try
from accounts.sign_in.known_browsers import browser_number
from accounts.sign_in.mail_errors import AddressRefusedError, MailError, mail_error
from accounts.sign_in.reauthentication import signed_in_recently
from core.links import absolute_url
from core.mail.messages import automatic
from core.mail.sending import mail_send

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """allauth's hooks."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an email, with links to SITE_URL whatever the request's Host header says. Raises MailError."""
        links = {name: absolute_url(urlsplit(value).path) for name, value in context.items() if name.endswith("_url")}
        user = context.get("user") or User.with_email(email).first()
        with mail_language(user, asked_in=language_of_asker(user)) if user else nullcontext():
            # Without a user, the template would greet whoever sent the request.
            message = self.render_mail(template_prefix, email, {"user": None, "email": email, **context, **links})
        try:
            mail_send(message)
        except Exception as error:  # whatever a mail backend raises
            failure = mail_error(error)
            # A visitor can type any address, so a refused one is no error of the site.
            level = logging.WARNING if isinstance(failure, AddressRefusedError) else logging.ERROR
            logger.log(level, "The email %s could not be sent", template_prefix, exc_info=True)
            # Nothing was sent, so the next attempt needn't wait.
            ratelimit.clear(allauth_context.request, app="allauth.account", action="confirm_email", key=email.lower())
            raise failure from error

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send a notice of a change after its commit: a mail server can be slow, and a transaction blocks others."""
        transaction.on_commit(partial(self._send_notice, *args, **kwargs))

    def _send_notice(self, *args: Any, **kwargs: Any) -> None:
        with suppress(MailError):  # `send_mail` has logged it, and it undoes nothing
            super().send_notification_mail(*args, **kwargs)

    def render_mail(self, *args: Any, **kwargs: Any) -> EmailMultiAlternatives:
        """Return the email with an HTML part, marked as automatic."""
        return automatic(cast(EmailMultiAlternatives, super().render_mail(*args, **kwargs)))

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Queue a message for the next page in its language: after signing out, that is the browser's."""
        is_farewell = message_template == "account/messages/logged_out.txt"
        with translation.override(get_language_from_request(request)) if is_farewell else nullcontext():
            super().add_message(request, level, message_template, *args, **kwargs)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Save the password alone: other columns may have changed since the row was read."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def is_safe_url(self, url: str) -> bool:
        """Return whether a URL leads to this site; a malformed one does not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def is_reauthentication_required(self, **_kwargs: Any) -> bool:
        """Return whether to ask for the password: allauth's own rule would ask right after a sign-in, too."""
        return not signed_in_recently(allauth_context.request)

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Send the link; if a new member signed up with another's address, tell that other member instead."""
        address = emailconfirmation.email_address
        if not address.user.email and holder_of(address.email):
            self.send_account_already_exists_mail(address.email)
        else:
            super().send_confirmation_mail(request, emailconfirmation, signup)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the member, or None; it hashes as many passwords whether the account exists or not."""
        login = login_in(credentials)
        self._count_attempt(request, login)
        for name in names_to_try(login) if "email" in credentials and "@" in login else [login]:
            user = super().authenticate(request, username=name, password=credentials["password"])
            if user:
                return cast(User, user)
        return None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: `authenticate` has counted the attempt."""

    def _count_attempt(self, request: HttpRequest, login: str) -> None:
        """Count an attempt to sign in; respond with 429 after too many."""
        usages = []
        for action, key in login_limits(request, login):
            usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
            if not usage:
                raise ImmediateHttpResponse(respond_429(request))
            usages += usage.usage
        self._login_failed_rl_usage = ratelimit.RateLimitUsage(usages)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address for rate limits; without the proxies' header, that of the connection."""
        try:
            return str(super().get_client_ip(request))
        except ImproperlyConfigured:
            logger.warning("X-Forwarded-For names fewer addresses than there are TRUSTED_PROXIES: it is ignored.")
            return str(request.META["REMOTE_ADDR"])

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return the key that counts attempts on one account from one address.

        allauth's key contains the Host header: with another port each time, guessing would be unlimited.
        """
        return f"{ratelimit.get_ip(request)}:{login_in(credentials)}"


def login_in(credentials: dict[str, Any]) -> str:
    """Return the name or address that a visitor signs in with, in lower case."""
    return str(credentials.get("username") or credentials.get("email") or "").lower()


def login_limits(request: HttpRequest, login: str) -> list[tuple[str, str]]:
    """Return the limits that an attempt to sign in counts against, as (action, key).

    Names are public, so a stranger's guesses must not lock a member out: a browser that has signed in to the account
    before has a limit of its own. All others share one that is far higher than each one's own limit.
    """
    if isinstance(request.user, User):
        return [("login_failed_known", f"member:{request.user.pk}")]
    if number := browser_number(request, login):
        return [("login_failed_known", number)]
    return [("login_failed", f"{ratelimit.get_ip(request)}:{login}"), ("login_failed_everywhere", login)]


def language_of_asker(user: User) -> str:
    """Return the language of the requesting page if it's the member's, else the one of their last sign-in."""
    asker = getattr(allauth_context.request, "user", None)
    is_theirs = asker is not None and (asker == user or asker.is_anonymous)
    return translation.get_language() if is_theirs else user.browser_language or settings.LANGUAGE_CODE
