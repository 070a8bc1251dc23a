"""A member's scheduled exports: when they run, and how many are kept."""

from datetime import date
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.member_data import Part
from exports.choice import ArchiveChoice
from exports.scheduling.calendar import Frequency, first_date, moment_of
from tasks.models import Task

SCHEDULED_FOR = "scheduled_for"
"""The key in the parameters of a scheduled export's task: the local date, in ISO 8601."""


def is_scheduled(task: Task) -> bool:
    """Return whether a schedule launched the task, or an earlier one that this one retries."""
    return SCHEDULED_FOR in task.params


class ScheduleStatus(models.TextChoices):
    """Whether a schedule runs."""

    ACTIVE = "active", _("active")
    STOPPED = "stopped", _("stopped by the member")
    PAUSED = "paused", _("paused after failures")


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    """The vocabulary of schedule queries."""

    def active(self) -> Self:
        """Return the schedules that run."""
        return self.filter(status=ScheduleStatus.ACTIVE)


class Schedule(models.Model):
    """One per member. It follows its member's time zone: `next_at` is recalculated when that changes."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="export_schedule",
        verbose_name=_("member"),
        db_constraint=False,  # an earlier release, which knows no schedules, can still delete members
    )
    frequency = models.CharField(_("frequency"), max_length=8, choices=Frequency)
    # Weekly: the weekday, 0 is Monday. Monthly: the day, and the last one of a shorter month.
    day = models.PositiveSmallIntegerField(_("day"))
    hour = models.PositiveSmallIntegerField(_("hour"))
    keep = models.PositiveSmallIntegerField(_("exports kept"))
    parts = models.JSONField(_("parts"))  # such as ["posts", "messages"]
    # Posts since the export before; all else is in each export.
    only_new = models.BooleanField(_("new posts only"), default=False)
    status = models.CharField(_("status"), max_length=8, choices=ScheduleStatus, default=ScheduleStatus.ACTIVE)
    status_at = models.DateTimeField(_("status since"), default=timezone.now)
    # A local date. The schedule never runs for it, or an earlier one, again.
    last_date = models.DateField(_("last date"))
    next_at = models.DateTimeField(_("next export"), null=True, blank=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["user"]
        indexes = [models.Index("next_at", "id", condition=Q(next_at__isnull=False), name="schedule_by_next")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="active", next_at__isnull=False) | (~Q(status="active") & Q(next_at__isnull=True)),
                name="only_active_schedules_are_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.frequency} for member {self.user_id}"

    @property
    def next_date(self) -> date:
        """Return the local date of the next export."""
        return first_date(Frequency(self.frequency), self.day, after=self.last_date)

    @property
    def choice(self) -> ArchiveChoice:
        """Return the parts that its exports hold, without those that only newer code knows."""
        return ArchiveChoice(frozenset(Part(part) for part in self.parts if part in Part.values))

    def plan(self, last_date: date, zone: ZoneInfo) -> None:
        """Let the next export follow `last_date`, in the member's time zone."""
        self.last_date = last_date
        self.next_at = moment_of(self.next_date, self.hour, zone)
