"""Email errors to ADMINS: at most one of a kind in 15 minutes. A failure to send is only logged."""

import logging
import re
import traceback
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.cache import caches
from django.http import HttpRequest
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter
from rq.timeouts import BaseTimeoutException

from core.log_context import bound_ids
from core.mail.messages import AUTOMATIC
from operations.scrubbing import scrub

logger = logging.getLogger(__name__)

PAUSE = 900  # seconds between two emails of a kind
TIMEOUT = 5  # seconds that a request or a job may wait for the mail server over this


class ThrottledHandler(AdminEmailHandler):
    """Django's handler, limited to one error of a kind in PAUSE seconds."""

    def emit(self, record: logging.LogRecord) -> None:
        """Email the record if it is the first of its kind; a page that answers 503 on purpose is no error."""
        if settings.ADMINS and getattr(record, "status_code", 0) != 503 and is_first(record):  # noqa: PLR2004
            super().emit(record)

    def send_mail(self, subject: Any, message: Any, *_args: Any, **_options: Any) -> None:
        """Send the email, with the ids that find the log lines; log if it can't be sent."""
        named = "".join(f"{name}: {value}\n" for name, value in bound_ids().items())
        try:
            mail.EmailMessage(
                f"{settings.EMAIL_SUBJECT_PREFIX}{scrub(str(subject))}",
                scrub(f"{named}\n{message}" if named else message),
                settings.SERVER_EMAIL,
                [address for _name, address in settings.ADMINS],
                connection=mail.get_connection(timeout=TIMEOUT),
                headers=AUTOMATIC,
            ).send()
        except BaseTimeoutException:
            raise  # not the email's: the job's time is over
        except Exception:
            logger.warning("The error could not be emailed to the administrators", exc_info=True)

    def format_subject(self, subject: str) -> str:
        """Return the first line."""
        return subject.strip().partition("\n")[0][:200]


def is_first(record: logging.LogRecord) -> bool:
    """Return whether no record that was logged and raised at the same place came in the last PAUSE seconds.

    The cache is a folder: the database may be what the error is about. If it can't be written, every error is first.
    """
    error = record.exc_info[1] if record.exc_info else None
    raised_at = traceback.extract_tb(error.__traceback__, -1)[:1] if error else []
    # RQ logs each job's failure at one place, and names the job's function.
    kind = [record.pathname, record.lineno, getattr(record, "func", ""), type(error), *raised_at]
    try:
        return caches["admin_mail"].add(sha256(repr(kind).encode()).hexdigest(), "", PAUSE)
    except OSError:
        return True


class DiscreetReporter(ExceptionReporter):
    """Leaves out the member and the query's values: a URL can hold search terms and keys."""

    def get_traceback_data(self) -> dict[str, Any]:
        """Return the data of the report."""
        data: dict[str, Any] = super().get_traceback_data()
        if self.request and self.filter.is_active(self.request):
            names = [name for name, _value in data["request_GET_items"]]
            stars = DiscreetFilter.cleansed_substitute
            data |= {"user_str": "", "request_GET_items": [*dict.fromkeys(names, stars).items()]}
        return data


class DiscreetFilter(SafeExceptionReporterFilter):
    """Keeps everything that was posted, and URLs with passwords, out of the reports."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|URL|QUERY|REFERER|ADDR|FORWARDED|EMAIL", re.IGNORECASE
    )

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the fields' names, with asterisks for their values."""
        posted = super().get_post_parameters(request)
        return dict.fromkeys(posted, self.cleansed_substitute) if self.is_active(request) else posted
