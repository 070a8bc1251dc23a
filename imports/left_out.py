"""What an import left out, as a CSV for its member."""

import csv
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from imports.models import Import
from imports.reasons import Reason

FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""The first characters of a cell that spreadsheets take for a formula: OWASP, "CSV Injection", and full-width forms."""


def left_out_csv(upload: Import) -> StreamingHttpResponse:
    """Return a CSV of what was left out: reason, link to the original, time, and detail."""
    headers = {"Content-Disposition": f'attachment; filename="left-out-{upload.pk}.csv"'}
    # The lines are written when the request's language is no longer active.
    heading = [_("Reason"), _("Link"), _("Written at"), _("Detail")]
    reasons = {reason.value: str(reason.label) for reason in Reason}
    lines = _csv_lines(upload, heading, reasons)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


class _Line:
    """Stands in for a file: what is written to it is returned."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(upload: Import, heading: list[str], reasons: dict[str, str]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(heading)
    for entry in upload.left_out.order_by("pk").iterator():
        reason = reasons.get(entry.reason, entry.reason)
        written_at = entry.written_at.isoformat() if entry.written_at else ""
        yield writer.writerow(map(_cell, (reason, entry.url, written_at, entry.detail)))


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
