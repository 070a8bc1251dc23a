"""The mail that a development site sends to files, to be read in the browser. In development only."""

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

# What Django's file backend writes below each message.
RULE = b"-" * 79


@dataclass(frozen=True)
class Letter:
    """One mail, and the name of its file."""

    name: str
    message: EmailMessage

    @property
    def text(self) -> str:
        """Return the plain body."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""

    @property
    def attachments(self) -> list[EmailMessage]:
        """Return the attached files."""
        return [part for part in self.message.iter_attachments() if isinstance(part, EmailMessage)]


def letters() -> list[Letter]:
    """Return all mail, newest first."""
    files = sorted(Path(settings.MAIL_DIR).glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [letter for file in files if (letter := letter_in(file))]


def letter_in(file: Path) -> Letter | None:
    """Return the (first) mail in a file of the file backend, None while it is being written."""
    content, _rule, _rest = file.read_bytes().partition(RULE)
    if not content.strip():
        return None
    message = email.message_from_bytes(content, policy=email.policy.default)
    return Letter(file.stem, message) if isinstance(message, EmailMessage) else None


def letter_or_404(name: str) -> Letter:
    """Return the mail of that name."""
    for letter in letters():
        if letter.name == name:
            return letter
    raise Http404(name)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the mail."""
    return render(request, "dev_mail/index.html", {"letters": letters(), "folder": settings.MAIL_DIR})


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail: headers, text, attachments."""
    return render(request, "dev_mail/show.html", {"letter": letter_or_404(name)})


@require_safe
def attachment(_request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Hand out an attachment, as a file and nothing else."""
    files = letter_or_404(name).attachments
    if number >= len(files):
        raise Http404(number)
    content = files[number].get_payload(decode=True)
    response = HttpResponse(content, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{files[number].get_filename("attachment")}"'
    return response
