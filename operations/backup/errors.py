"""What can go wrong, in words for the operator."""


class BackupError(Exception):
    """A backup cannot be made, or cannot be restored; the message says why, and what to do."""
