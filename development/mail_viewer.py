"""The mail that a development site sends to files, to be read in the browser. In development only."""

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

# Django's file backend writes this below each message. One file can hold several: mails sent within a second
# may get one name.
RULE = re.compile(rb"\n-{79}\n(?=Content-Type: |\Z)")


FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""Of the HTML part of a mail: it comes from anywhere in the code, with styles of its own."""


@dataclass(frozen=True)
class Attachment:
    """A file in a mail."""

    name: str
    content: bytes


# Templates get properties, not the message: they would ask it for a header called `items`, and be told None.
@dataclass(frozen=True)
class Letter:
    """One mail, and its name: that of its file, and its number there."""

    name: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Return the subject, or the mail's name if it has none."""
        return str(self.message["Subject"] or self.name)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Return names and values of the headers, decoded."""
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def text(self) -> str:
        """Return the plain body."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""

    @property
    def html(self) -> str:
        """Return the HTML body."""
        part = self.message.get_body(("html",))
        return str(part.get_content()) if part else ""

    @property
    def attachments(self) -> list[Attachment]:
        """Return the attached files."""
        return [
            Attachment(part.get_filename("attachment"), cast(bytes, part.get_payload(decode=True) or b""))
            for part in self.message.iter_attachments()
        ]


def is_in_use() -> bool:
    """Return whether mail goes to files."""
    return str(settings.EMAIL_BACKEND).endswith(".filebased.EmailBackend")


def letters() -> list[Letter]:
    """Return all mail, newest first."""
    files = sorted(
        Path(settings.EMAIL_FILE_PATH or "").glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True
    )
    return [letter for file in files for letter in reversed(letters_in(file))]


def letters_in(file: Path) -> list[Letter]:
    """Return the mails in a file of the file backend, the oldest first; not one that is still being written."""
    *whole, _unfinished = RULE.split(file.read_bytes())
    return [Letter(f"{file.stem}-{number}", parsed(content)) for number, content in enumerate(whole)]


def parsed(content: bytes) -> EmailMessage:
    """Return the message that these bytes are."""
    return email.message_from_bytes(content, _class=EmailMessage, policy=email.policy.default)


def letter_or_404(name: str) -> Letter:
    """Return the mail of that name."""
    for letter in letters():
        if letter.name == name:
            return letter
    raise Http404(name)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the mail."""
    context = {"letters": letters(), "folder": settings.EMAIL_FILE_PATH}
    return render(request, "development/mail_viewer/index.html", context)


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail: headers, both bodies, attachments."""
    return render(request, "development/mail_viewer/show.html", {"letter": letter_or_404(name)})


@require_safe
@xframe_options_sameorigin
def html(_request: HttpRequest, name: str) -> HttpResponse:
    """Return the HTML body alone, for a frame: it may show itself, and open links in new tabs."""
    return HttpResponse(letter_or_404(name).html, headers={"Content-Security-Policy": FRAME_POLICY})


@require_safe
def attachment(_request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Hand out an attachment, as a file and nothing else."""
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
