"""What an export leaves behind: the Archive, and the email about one that failed."""

from exports.models.archive import Archive
from exports.models.failure_email import FailureEmail

__all__ = ["Archive", "FailureEmail"]
