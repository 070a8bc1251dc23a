"""Where the site trusts less than django-allauth does: the `Host` header, and who tries too often."""

import logging
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import get_language_from_request

from accounts.models import User
from accounts.preferences import mail_language

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """allauth's hooks."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send the mail with links to this site, whatever host the request was sent to."""
        links = {name: on_this_site(value) for name, value in context.items() if name.endswith("_url")}
        user = context.get("user") or User.with_email(email).first()
        with mail_language(user, asked_in=language_of_asker(user)) if user else nullcontext():
            super().send_mail(template_prefix, email, context | links)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Keep a message for the next page, in that page's language: after signing out, it's the browser's again."""
        with (
            translation.override(get_language_from_request(request)) if is_farewell(message_template) else nullcontext()
        ):
            super().add_message(request, level, message_template, *args, **kwargs)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt to sign in; with too many, answer as to everybody who is too fast."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as refusal:
            raise ImmediateHttpResponse(ratelimit.respond_429(request)) from refusal

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that limits count by; without what our proxies write, it is that of who is connected."""
        try:
            return str(super().get_client_ip(request))
        except ImproperlyConfigured:
            logger.warning("X-Forwarded-For names fewer addresses than there are TRUSTED_PROXIES: it is ignored.")
            return str(request.META["REMOTE_ADDR"])

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return under what the attempts on an account count.

        allauth's has the request's host in it, port and all: with another port each time, guessing would be free.
        """
        return str(credentials.get("email", credentials.get("username", ""))).lower()


def is_farewell(message_template: str | None) -> bool:
    """Return whether the message is read by somebody who is no longer signed in."""
    return message_template == "account/messages/logged_out.txt"


def language_of_asker(user: User) -> str:
    """Return the language of the page that asks for an email to the member, unless it's that of staff."""
    asker = getattr(allauth_context.request, "user", None)
    is_theirs = asker is not None and (asker == user or asker.is_anonymous)
    return translation.get_language() if is_theirs else user.browser_language or settings.LANGUAGE_CODE


def on_this_site(address: str) -> str:
    """Return the same page's address under SITE_URL."""
    return f"{settings.SITE_URL}{urlsplit(address).path}"
