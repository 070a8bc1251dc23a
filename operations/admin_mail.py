"""Mail to ADMINS about errors: the first of its kind at once, then a few, and never a reason for another error."""

import fcntl
import json
import logging
import re
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import mail
from django.http import HttpRequest
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter
from rq.timeouts import BaseTimeoutException

from core.mail.messages import AUTOMATIC
from operations.logs import ids
from operations.scrubbing import scrub

logger = logging.getLogger(__name__)

PAUSE = 900  # seconds between two mails of a kind
TIMEOUT = 5  # seconds that a request or a job may wait for the mail server over this


class ThrottledHandler(AdminEmailHandler):
    """Django's, made to stand a storm: of a kind, one mail in PAUSE seconds, with the number left out before it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Mail the record if it is time; a page that says 503 on purpose is no error."""
        if not settings.ADMINS or getattr(record, "status_code", 0) == 503:  # noqa: PLR2004
            return
        left_out = take_turn(kind_of(record))
        if left_out is not None:
            self.left_out = left_out
            super().emit(record)

    def send_mail(self, subject: Any, message: Any, *_args: Any, **_options: Any) -> None:
        """Send the mail; if it cannot be sent, the console has to do."""
        if named := "\n".join(f"{name}: {value}" for name, value in ids().items()):
            message = f"{named}\n\n{message}"
        if self.left_out:
            message = f"Left out since the last mail like this: {self.left_out}\n\n{message}"
        try:
            mail.EmailMessage(
                f"{settings.EMAIL_SUBJECT_PREFIX}{scrub(str(subject))}",
                scrub(message),
                settings.SERVER_EMAIL,
                [address for _name, address in settings.ADMINS],
                connection=mail.get_connection(timeout=TIMEOUT),
                headers=AUTOMATIC,
            ).send()
        except BaseTimeoutException:
            raise  # not the email's: the job's time is over
        except Exception:
            logger.warning("The administrators could not be told", exc_info=True)

    def format_subject(self, subject: str) -> str:
        """Return the first line."""
        return subject.strip().partition("\n")[0][:200]


def kind_of(record: logging.LogRecord) -> str:
    """Return what records have in common that tell of one thing: where it was logged, and where it was raised."""
    parts = [record.pathname, record.lineno, getattr(record, "func", ""), getattr(record, "status_code", "")]
    if record.exc_info and record.exc_info[0]:
        parts.append(record.exc_info[0].__qualname__)
        frame = record.exc_info[2]
        while frame and frame.tb_next:
            frame = frame.tb_next
        parts += [frame.tb_frame.f_code.co_filename, frame.tb_lineno] if frame else []
    return sha256(repr(parts).encode()).hexdigest()[:32]


def take_turn(kind: str) -> int | None:
    """Return how many mails of the kind were left out before this one; None: this one is to be left out too.

    The count is kept in files, for all processes of the machine: a work-horse lives for one job, and the
    database or the queue server may be what the error is about. If a file cannot be written, the mail is sent.
    """
    folder = Path(settings.VAR_DIR) / "admin_mail"
    try:
        folder.mkdir(exist_ok=True)
        with (folder / kind).open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            sent_at, left_out = json.loads(file.read() or "[0, 0]")
            is_due = not 0 <= time.time() - sent_at < PAUSE
            file.truncate(0)
            file.write(json.dumps([time.time(), 0] if is_due else [sent_at, left_out + 1]))
    except (OSError, ValueError):
        return 0
    return left_out if is_due else None


class DiscreetReporter(ExceptionReporter):
    """Tells neither who asked nor what for: search words stand in the address, and keys."""

    def get_traceback_data(self) -> dict[str, Any]:
        """Return what the report is made of."""
        data: dict[str, Any] = super().get_traceback_data()
        if self.request and self.filter.is_active(self.request):
            names = [name for name, _value in data["request_GET_items"]]
            stars = DiscreetFilter.cleansed_substitute
            data |= {"user_str": "", "request_GET_items": [*dict.fromkeys(names, stars).items()]}
        return data


class DiscreetFilter(SafeExceptionReporterFilter):
    """Keeps out of the reports all that was posted, in any form of the site, and addresses with passwords in them."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|URL|QUERY|REFERER|ADDR|FORWARDED|EMAIL", re.IGNORECASE
    )

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the names of the fields, and stars for what was in them."""
        posted = super().get_post_parameters(request)
        return dict.fromkeys(posted, self.cleansed_substitute) if self.is_active(request) else posted
