"""The rows of exports: archives, emails about failures, and schedules."""

from exports.models.archive import Archive
from exports.models.mailing import FailureEmail
from exports.models.schedule import Schedule

__all__ = ["Archive", "FailureEmail", "Schedule"]
