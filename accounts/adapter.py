"""Where the site trusts less than django-allauth does: the `Host` header, and who tries too often."""

import logging
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import HttpRequest

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """allauth's hooks."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send the mail with links to this site, whatever host the request was sent to."""
        links = {name: on_this_site(value) for name, value in context.items() if name.endswith("_url")}
        super().send_mail(template_prefix, email, context | links)

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


def on_this_site(address: str) -> str:
    """Return the same page's address under SITE_URL."""
    return f"{settings.SITE_URL}{urlsplit(address).path}"
