"""`account.html`: the account, and the newest of its records, for people."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.member_data import Table
from exports.formats.page_files import page_head

MAX_ROWS = 200  # of a table


class ShownTable:
    """The newest records of one kind, as people read them."""

    def __init__(self, file: str, table: Table) -> None:
        self.file = file
        self.title, self.headings, self._cells = table
        self.total = 0
        self.rows: deque[list[str]] = deque(maxlen=MAX_ROWS)
        """The newest first."""

    def add(self, batch: Sequence[dict[str, Any]]) -> None:
        """Add records, newer than all before."""
        self.total += len(batch)
        self.rows.extendleft([shown(cell) for cell in self._cells(record)] for record in batch)


def shown(value: Any) -> str:
    """Return a value as people read it, in the active language; a time in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return date_format(value.astimezone(UTC), "DATETIME_FORMAT") if isinstance(value, datetime) else str(value)


def render_account(context: dict[str, Any], tables: Sequence[ShownTable]) -> bytes:
    """Return `account.html`."""
    profile = context["profile"]
    facts = {
        _("Username"): profile["username"],
        _("Email"): profile["email"],
        _("Joined"): _moment(profile["joined"]),
        _("Last sign-in"): _moment(profile["last_sign_in"]),
        _("Last seen"): _moment(profile["last_seen"]),
    }
    more = {"facts": facts, "tables": tables, "max_rows": MAX_ROWS, **page_head()}
    return render_to_string("exports/archive/account.html", {**context, **more}).encode()


def _moment(text: str | None) -> str:
    return shown(datetime.fromisoformat(text)) if text else ""
