"""Where a mail provider reports what became of an email: Anymail's webhook of that provider, and only if it is secured.

What is done about a report is in `exports.delivery.tracking`.
"""

from collections.abc import Mapping

from anymail.urls import urlpatterns as provider_urls
from django.urls import URLPattern, path

from core.requests.bounds import takes_up_to

SIGNING_KEYS = {
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mailtrap": "MAILTRAP_TRACKING_SECRET",
    "mandrill": "MANDRILL_WEBHOOK_KEY",
}
"""The settings of providers that sign their reports. All of them can use a password, WEBHOOK_SECRET, instead."""

REPORT_LIMIT = 2_500_000
"""In bytes: providers send many reports at once. It is also what Django reads of a body that is no file."""


def tracking_urls(provider: str, anymail: Mapping[str, str]) -> list[URLPattern]:
    """Return the address for the reports of `provider` (Anymail's name), none if anybody could write them."""
    is_secured = bool(anymail.get("WEBHOOK_SECRET") or anymail.get(SIGNING_KEYS.get(provider, "")))
    names = {f"{provider}_tracking_webhook", f"{provider}_webhook"} if provider and is_secured else set()
    views = [url.callback for url in provider_urls if url.name in names]
    return [path(f"mail/{provider}/", takes_up_to(REPORT_LIMIT)(view), name="mail_tracking") for view in views[:1]]
