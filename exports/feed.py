"""Entries of a member's feed: exports that are ready, failed or expire soon, and a paused schedule."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.humanize import moment_in_words
from exports.export_job import export_names
from exports.models import Archive, Schedule
from exports.models.schedule import ScheduleStatus
from notifications.feed import MAX_ENTRIES, Entry, feed_source
from tasks.services.entries import task_entry, tasks_told

EXPIRES_SOON = timedelta(days=2)


@feed_source
def export_entries(user: User) -> Iterator[Entry]:
    """Yield the exports that have ended."""
    for task in tasks_told(user, export_names()).select_related("archive"):
        entry = task_entry(task, path=reverse("exports:list"))
        archive = getattr(task, "archive", None)
        yield replace(entry, text=f"{archive.filename} ({filesizeformat(archive.size)})") if archive else entry


@feed_source
def expiry_entries(user: User) -> Iterator[Entry]:
    """Yield the files that expire within EXPIRES_SOON."""
    soon = Archive.objects.available().filter(user=user, expires_at__lte=timezone.now() + EXPIRES_SOON)
    for archive in soon[:MAX_ENTRIES]:
        facts = {"name": archive.filename, "size": filesizeformat(archive.size)}
        yield Entry(
            f"expires/{archive.task_id}",
            _("Your export expires soon: %(name)s (%(size)s)") % facts,
            archive.expires_at - EXPIRES_SOON,
            reverse("exports:list"),
            _("You can download it until %(moment)s.") % {"moment": moment_in_words(archive.expires_at)},
        )


@feed_source
def schedule_entries(user: User) -> Iterator[Entry]:
    """Yield the pause of the member's schedule."""
    for schedule in Schedule.objects.filter(user=user, status=ScheduleStatus.PAUSED):
        title = _("Your scheduled exports are paused")
        text = _("Three of them failed in a row. You can resume the schedule on the site.")
        path = f"{reverse('exports:list')}#schedule"
        yield Entry(f"paused/{schedule.status_at:%Y%m%d%H%M%S}", title, schedule.status_at, path, text)
