"""Django system checks of the settings that an operator chooses; `doctor` runs them with Django's own."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name

LOCAL = {"localhost", "127.0.0.1", "::1"}


@register
def check_site_url(**_kwargs: Any) -> list[CheckMessage]:
    """Demand a host in SITE_URL."""
    if urlsplit(settings.SITE_URL).hostname:
        return []
    hint = "Set SITE_URL to the public address, such as https://microblog.example."
    return [Error(f"SITE_URL={settings.SITE_URL!r} has no host.", hint=hint, id="microblog.E001")]


@register(Tags.security, deploy=True)
def check_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """Demand that the site's address is encrypted, and accepted by the site itself."""
    return list(_addresses())


def _addresses() -> Iterator[CheckMessage]:
    if not settings.HTTPS:
        hint = "Set SITE_URL to https://..., and have the proxy speak TLS: otherwise passwords travel in clear text."
        yield Error(f"SITE_URL={settings.SITE_URL!r} is not encrypted.", hint=hint, id="microblog.E002")
    if "*" in settings.ALLOWED_HOSTS:
        hint = "List the hosts: otherwise emails can be made to link to other sites."
        yield Error("ALLOWED_HOSTS accepts every host.", hint=hint, id="microblog.E003")
    elif not any(_covers(host) for host in settings.ALLOWED_HOSTS):
        hint = f"Add {settings.SITE_HOST}, the host of SITE_URL."
        yield Error(f"ALLOWED_HOSTS={settings.ALLOWED_HOSTS} lacks the site's host.", hint=hint, id="microblog.E004")
    if settings.SITE_URL not in settings.CSRF_TRUSTED_ORIGINS:
        hint = f"Add {settings.SITE_URL}: without it forms can be refused behind a proxy."
        yield Warning("CSRF_TRUSTED_ORIGINS lacks SITE_URL.", hint=hint, id="microblog.W001")


def _covers(host: str) -> bool:
    return host == settings.SITE_HOST or (host.startswith(".") and f".{settings.SITE_HOST}".endswith(host))


@register(deploy=True)
def check_email(**_kwargs: Any) -> list[CheckMessage]:
    """Demand that emails are sent, from an address of the site, and without showing the password."""
    return list(_email())


def _email() -> Iterator[CheckMessage]:
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        hint = "Set EMAIL_URL or a provider's ANYMAIL_ variables: until then members get no email."
        yield Error(f"Emails are kept in files under {settings.MAIL_DIR}.", hint=hint, id="microblog.E005")
    is_encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL or settings.EMAIL_HOST in LOCAL
    if settings.EMAIL_HOST_USER and not is_encrypted:
        hint = "Use smtp+tls:// or smtp+ssl:// in EMAIL_URL."
        yield Warning("The mail server's password is sent in clear text.", hint=hint, id="microblog.W002")
    if "@" not in settings.DEFAULT_FROM_EMAIL or "@localhost" in settings.DEFAULT_FROM_EMAIL:
        hint = "Set DEFAULT_FROM_EMAIL to an address that the mail server may send from."
        yield Warning(f"{settings.DEFAULT_FROM_EMAIL!r} is no public sender.", hint=hint, id="microblog.W003")
