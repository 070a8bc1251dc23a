"""The rows that an export creates: its archive, or the email about its failure."""

from exports.models.archive import Archive
from exports.models.mailing import FailureEmail

__all__ = ["Archive", "FailureEmail"]
