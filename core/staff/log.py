"""Log admin changes of private rows by number: the log must not quote them."""

import json
from collections.abc import Iterable
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest


class LoggedByNumber(ModelAdmin[Any]):
    """Rows that the log must not quote: more staff can read it, and it outlives the rows and the member's account."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Log that a row was added."""
        return log_by_number(request, [obj], ADDITION, message)[0]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Log that a row was changed."""
        return log_by_number(request, [obj], CHANGE, message)[0]

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> list[LogEntry]:
        """Log that rows are being deleted."""
        return log_by_number(request, queryset, DELETION)


def log_by_number(request: HttpRequest, rows: Iterable[Model], flag: int, message: Any = "") -> list[LogEntry]:
    """Write log entries for rows; `message` is a text, or Django's structured message."""
    return LogEntry.objects.bulk_create(
        LogEntry(
            user_id=cast(int, request.user.pk),
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=f"#{row.pk}",
            action_flag=flag,
            change_message=message if isinstance(message, str) else json.dumps(message),
        )
        for row in rows
    )
