"""Compose the site's emails: a plain text, an HTML part made from it, and a header that marks them as automatic."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core.links import is_ours

AUTOMATIC = {"Auto-Submitted": "auto-generated"}
"""RFC 3834: keeps out-of-office notices from replying."""

BUTTON = re.compile(r"([^\n:]{1,60}): (https?://\S+)")
"""A paragraph of its own that becomes a button: "Download your file: https://..."."""


def compose(name: str, context: Mapping[str, Any], *, to: str, message_id: str) -> EmailMultiAlternatives:
    """Return the email whose texts are the templates `<name>-subject.txt` and `-body.txt`, in the active language.

    `message_id` is the part before the @: it identifies an email that is sent twice by accident.
    """
    message = EmailMultiAlternatives(
        subject=render_to_string(f"{name}-subject.txt", context).strip(),
        body=re.sub(r"\n{3,}", "\n\n", render_to_string(f"{name}-body.txt", context).strip()) + "\n",
        to=[to],
        headers={"Message-ID": f"<{message_id}@{settings.SITE_HOST}>"},
    )
    return automatic(message)


def automatic(message: EmailMultiAlternatives) -> EmailMultiAlternatives:
    """Mark the email as automatic, add an HTML part that says the same as the plain one, and return it."""
    message.extra_headers = {**message.extra_headers, **AUTOMATIC}
    context = {"subject": message.subject, "paragraphs": paragraphs(str(message.body)), "site_url": settings.SITE_URL}
    message.attach_alternative(render_to_string("core/emails/base.html", context), "text/html")
    return message


def paragraphs(text: str) -> list[SafeString]:
    """Return the HTML of each paragraph of a plain text; only addresses of this site become links or buttons."""
    return [_paragraph(part) for part in re.split(r"\n\s*\n", text.strip())]


def _paragraph(text: str) -> SafeString:
    button = BUTTON.fullmatch(text)
    if button and is_ours(button[2]):
        return SafeString(render_to_string("core/emails/_button.html", {"label": button[1], "url": button[2]}))
    lines = escape(text).replace("\n", "<br>\n")
    linked = re.sub(r"https?://[^\s<]+", lambda found: _link(found[0]), lines)
    return format_html('<p style="margin:0 0 16px">{}</p>', mark_safe(linked))  # noqa: S308 - escaped above


def _link(escaped_url: str) -> str:
    if not is_ours(escaped_url):
        return escaped_url
    return f'<a href="{escaped_url}" target="_blank" style="color:#0b57d0">{escaped_url}</a>'
