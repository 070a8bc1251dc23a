"""A member's exports in the complete archive."""

from typing import Any

from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from accounts.member_data import MemberData, Table, member_data
from accounts.models import User
from exports.models import Archive, FailureEmail, Schedule

MAIL = {
    "email_attempts": "mail_attempts",
    "email_due": "mail_due_at",
    "email_error": "mail_error",
    "email_answer": "mail_answer",
    "email_event": "mail_event",
}
"""What became of an email, as both lists have it."""


@member_data
class Exports(MemberData):
    """The exports whose file was made, also those whose file is gone."""

    name = "exports"
    contents = _("Your exports: the size and SHA-256 of each file, its downloads, and what became of its email.")
    keys = ("exports.Archive.user",)
    columns = {
        "task": "task_id",
        "filename": "filename",
        "content_type": "content_type",
        "size": "size",
        "sha256": "sha256",
        "counts": "item_counts",
        "snapshot_at": "snapshot_at",
        "created": "created_at",
        "expires": "expires_at",
        "removed": "removal",
        "is_scheduled": "is_scheduled",
        "downloads": "download_count",
        "emailed_to": "mailed_to",
        "emailed": "mailed_at",
        "email_repeats": "mail_repeats",
        "email_link_reason": "mail_link_reason",
        **MAIL,
    }
    table = Table(
        _("Exports"),
        (_("When"), _("File"), _("Size"), _("Downloads"), _("Emailed to")),
        lambda record: (
            record["created"],
            record["filename"],
            filesizeformat(record["size"]),
            record["downloads"],
            record["emailed_to"],
        ),
    )

    @classmethod
    def rows(cls, user: User) -> QuerySet[Archive]:
        """Return the exports."""
        return user.archives.order_by("created_at", "pk")


@member_data
class FailureEmails(MemberData):
    """The emails about exports that failed."""

    name = "failure_emails"
    contents = _("What became of the emails about exports that failed.")
    keys = ("exports.FailureEmail.task",)
    columns = {"task": "task_id", **MAIL}

    @classmethod
    def rows(cls, user: User) -> QuerySet[FailureEmail]:
        """Return the emails."""
        return FailureEmail.objects.filter(task__user=user).order_by("pk")


@member_data
class Schedules(MemberData):
    """The member's schedule, if they have one."""

    name = "schedules"
    contents = _("The schedule of your exports.")
    keys = ("exports.Schedule.user",)
    columns = {
        "frequency": "frequency",
        "day": "day",
        "hour": "hour",
        "keep": "keep",
        "parts": "parts",
        "only_new": "only_new",
        "status": "status",
        "status_since": "status_at",
        "last_date": "last_date",
        "next": "next_at",
        "failures": "failures",
    }

    @classmethod
    def rows(cls, user: User) -> QuerySet[Schedule]:
        """Return the schedule."""
        return Schedule.objects.filter(user=user)

    @classmethod
    def record(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values, with JSON types only."""
        return {**values, "last_date": values["last_date"].isoformat()}
