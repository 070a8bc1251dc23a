"""What staff see of background jobs."""

from exports.admin import archive, queue, task

__all__ = ["archive", "queue", "task"]
