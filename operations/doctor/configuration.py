"""The settings: what the environment has made of them."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from operations import maintenance
from operations.doctor.findings import Finding, Level, fail, ok, warn

SHORTEST_KEY = 50  # characters, as Django's own check wants it
FEWEST_CHARACTERS = 5
NEW_KEY = 'Set SECRET_KEY to python -c "import secrets; print(secrets.token_urlsafe(50))".'


def is_production() -> bool:
    """Return whether the site is meant for the public."""
    return not settings.DEBUG


def check_settings() -> Iterator[Finding]:
    """Look at the settings that an operator makes."""
    yield _mode()
    yield _secret_key()
    yield _site_url()
    yield _hosts()
    yield _origins()
    yield _admins()
    if maintenance.is_on():
        remedy = "When you have finished: manage.py maintenance off, or remove MAINTENANCE from the environment."
        yield warn("maintenance", "the site is closed on this machine", remedy)
    yield from _system_checks()


def _mode() -> Finding:
    if is_production():
        return ok("mode", "production")
    if settings.HTTPS:
        return fail("mode", f"DEBUG is on at {settings.SITE_URL}", "Set SECRET_KEY and remove DEBUG.")
    return ok("mode", "development, since DEBUG is on")


def _secret_key() -> Finding:
    key = settings.SECRET_KEY
    if len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS or key.startswith("django-insecure-"):
        return fail("SECRET_KEY", f"weak: {len(key)} characters, {len(set(key))} different ones", NEW_KEY)
    return ok("SECRET_KEY", f"{len(key)} characters")


def _site_url() -> Finding:
    if not urlsplit(settings.SITE_URL).hostname:
        remedy = "Set SITE_URL to the public address, such as https://microblog.example."
        return fail("SITE_URL", f"{settings.SITE_URL!r} has no host", remedy)
    if is_production() and not settings.HTTPS:
        remedy = "Set SITE_URL to https://..., and have the proxy in front speak TLS: sign-ins go in clear text."
        return fail("SITE_URL", settings.SITE_URL, remedy)
    return ok("SITE_URL", settings.SITE_URL)


def _hosts() -> Finding:
    hosts = settings.ALLOWED_HOSTS
    if "*" in hosts:
        remedy = "Name the hosts: otherwise emails can be made to link elsewhere."
        return fail("ALLOWED_HOSTS", "every host", remedy)
    allowed = any(host == settings.SITE_HOST or _covers(host) for host in hosts)
    if not allowed:
        return fail("ALLOWED_HOSTS", ", ".join(hosts) or "none", f"Add {settings.SITE_HOST}, the host of SITE_URL.")
    return ok("ALLOWED_HOSTS", ", ".join(hosts))


def _covers(host: str) -> bool:
    return host.startswith(".") and f".{settings.SITE_HOST}".endswith(host)


def _origins() -> Finding:
    if settings.SITE_URL not in settings.CSRF_TRUSTED_ORIGINS:
        remedy = f"Add {settings.SITE_URL}: without it forms can be refused behind a proxy."
        return warn("CSRF_TRUSTED_ORIGINS", ", ".join(settings.CSRF_TRUSTED_ORIGINS) or "none", remedy)
    return ok("CSRF_TRUSTED_ORIGINS", ", ".join(settings.CSRF_TRUSTED_ORIGINS))


def _admins() -> Finding:
    addresses = [address for _name, address in settings.ADMINS]
    if not addresses and is_production():
        remedy = "Set ADMINS to the addresses (comma-separated) that errors are reported to."
        return warn("ADMINS", "errors are reported to no address", remedy)
    return ok("ADMINS", ", ".join(addresses) or "none, in development")


def _system_checks() -> Iterator[Finding]:
    """Django's own checks; those for deployment only where the public comes."""
    messages = checks.run_checks(include_deployment_checks=is_production())
    shown = [message for message in messages if not message.is_silenced()]
    for message in shown:
        level = Level.FAIL if message.is_serious() else Level.WARN
        hint = " ".join((message.hint or "See manage.py check --deploy.").split())
        yield Finding(level, f"check {message.id}", " ".join(str(message.msg).split()), hint)
    if not shown:
        yield ok("system checks", "no findings")
