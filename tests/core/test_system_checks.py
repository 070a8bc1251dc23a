"""Django's system checks of the settings: each with its id, and `doctor`'s status for it."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core import checks

from core.health import Status
from tests.checks import problems_of, status_of

PRODUCTION = {
    "DEBUG": False,
    "SECRET_KEY": "".join(map(chr, range(40, 120))),
    "HTTPS": True,
    "SITE_URL": "https://microblog.example",
    "SITE_HOST": "microblog.example",
    "ALLOWED_HOSTS": ["microblog.example"],
    "CSRF_TRUSTED_ORIGINS": ["https://microblog.example"],
    "ADMINS": [("", "anna@example.com")],
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "EMAIL_HOST": "mail.example",
    "EMAIL_HOST_USER": "anna",
    "EMAIL_USE_TLS": True,
    "DEFAULT_FROM_EMAIL": "Microblog <no-reply@microblog.example>",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 3600,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
}


@pytest.fixture
def production(settings: LazySettings) -> LazySettings:
    """Return the settings of a public site."""
    for name, value in PRODUCTION.items():
        setattr(settings, name, value)
    return settings


def ids() -> set[str | None]:
    return {message.id for message in checks.run_checks(include_deployment_checks=True) if not message.is_silenced()}


def test_the_settings_of_a_public_site_have_no_problem(production: LazySettings) -> None:
    assert ids() == set()
    assert status_of("settings") is Status.OK


@pytest.mark.parametrize(
    ("changes", "identifier", "status"),
    [
        ({"DEBUG": True}, "security.W018", Status.FAILING),
        ({"SECRET_KEY": "short"}, "security.W009", Status.FAILING),
        ({"SECRET_KEY": "a" * 60}, "security.W009", Status.FAILING),
        ({"X_FRAME_OPTIONS": "SAMEORIGIN"}, "security.W019", Status.WARNING),
        ({"SITE_URL": "microblog.example"}, "microblog.E001", Status.FAILING),
        ({"HTTPS": False, "SITE_URL": "http://microblog.example"}, "microblog.E002", Status.FAILING),
        ({"ALLOWED_HOSTS": ["*"]}, "microblog.E003", Status.FAILING),
        ({"ALLOWED_HOSTS": ["other.example"]}, "microblog.E004", Status.FAILING),
        ({"CSRF_TRUSTED_ORIGINS": []}, "microblog.W001", Status.WARNING),
        ({"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}, "microblog.E005", Status.FAILING),
        ({"EMAIL_USE_TLS": False}, "microblog.W002", Status.WARNING),
        ({"DEFAULT_FROM_EMAIL": "no-reply@localhost"}, "microblog.W003", Status.WARNING),
        ({"ADMINS": []}, "microblog.W020", Status.WARNING),
    ],
)
def test_a_wrong_setting_is_reported_with_its_hint(
    production: LazySettings, changes: dict[str, Any], identifier: str, status: Status
) -> None:
    for name, value in changes.items():
        setattr(production, name, value)
    assert identifier in ids()
    [found] = [message for message in checks.run_checks(include_deployment_checks=True) if message.id == identifier]
    assert found.hint or identifier.startswith("security")
    assert status_of("settings") is status
    assert any(f"({identifier})" in text for text in problems_of("settings"))


def test_a_subdomain_of_an_allowed_host_is_accepted(production: LazySettings) -> None:
    production.ALLOWED_HOSTS = [".example"]
    assert ids() == set()


def test_in_development_nothing_of_a_public_site_is_demanded(settings: LazySettings) -> None:
    settings.DEBUG = True
    assert status_of("settings") is Status.OK
