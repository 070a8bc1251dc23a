"""Show the emails that a development site writes to files."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

# Django's file backend writes this below each message. One file can hold several: emails sent within a second may share
# a name.
RULE = re.compile(rb"\n-{79}\n(?=Content-Type: |\Z)")

FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""For the HTML part of an email: any code can write it, with styles of its own."""


@dataclass(frozen=True)
class Attachment:
    """A file in an email."""

    name: str
    content: bytes


# Templates read properties, not the message: for `message.items` they would get the header `items`, which is None.
@dataclass(frozen=True)
class Letter:
    """An email, and its name: that of its file, and its number there."""

    name: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Return the subject, or the email's name if it has none."""
        return str(self.message["Subject"] or self.name)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Return the names and decoded values of the headers."""
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def text(self) -> str:
        """Return the plain body."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """Return the HTML body."""
        return self._body("html")

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part else ""

    @property
    def attachments(self) -> list[Attachment]:
        """Return the attached files."""
        return [
            Attachment(part.get_filename("attachment"), cast(bytes, part.get_payload(decode=True) or b""))
            for part in self.message.iter_attachments()
        ]


def is_in_use() -> bool:
    """Return whether emails are written to files."""
    return str(settings.EMAIL_BACKEND).endswith(".filebased.EmailBackend")


def letters() -> list[Letter]:
    """Return all emails, the newest first."""
    files = Path(settings.EMAIL_FILE_PATH).glob("*.log")
    newest_first = sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [letter for file in newest_first for letter in reversed(letters_in(file))]


def letters_in(file: Path) -> list[Letter]:
    """Return the emails in a file of the file backend, the oldest first, except one that is still being written."""
    *whole, _unfinished = RULE.split(file.read_bytes())
    messages = (email.message_from_bytes(content, EmailMessage, policy=email.policy.default) for content in whole)
    return [Letter(f"{file.stem}-{number}", message) for number, message in enumerate(messages)]


def letter_or_404(name: str) -> Letter:
    """Return the email with that name; raise Http404 without one."""
    if found := next((letter for letter in letters() if letter.name == name), None):
        return found
    raise Http404(name)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the emails."""
    context = {"letters": letters(), "folder": settings.EMAIL_FILE_PATH}
    return render(request, "development/mail_viewer/index.html", context)


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    """Show an email: headers, both bodies, attachments."""
    return render(request, "development/mail_viewer/show.html", {"letter": letter_or_404(name)})


@require_safe
@xframe_options_sameorigin
def html(_request: HttpRequest, name: str) -> HttpResponse:
    """Return the HTML body alone, for a frame in which only links work, in new tabs."""
    return HttpResponse(letter_or_404(name).html, headers={"Content-Security-Policy": FRAME_POLICY})


@require_safe
def attachment(_request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Return an attachment, to be saved and never shown."""
    files = letter_or_404(name).attachments
    if number >= len(files):
        raise Http404(number)
    disposition = content_disposition_header(as_attachment=True, filename=files[number].name)
    headers = {"Content-Disposition": disposition or "attachment"}
    return HttpResponse(files[number].content, content_type="application/octet-stream", headers=headers)


urlpatterns = [
    path("", index, name="dev_mail_index"),
    path("<str:name>/", show, name="dev_mail"),
    path("<str:name>/html/", html, name="dev_mail_html"),
    path("<str:name>/<int:number>/", attachment, name="dev_mail_attachment"),
]
