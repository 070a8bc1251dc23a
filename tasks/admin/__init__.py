"""What staff see of background jobs."""

from tasks.admin import queue, task

__all__ = ["queue", "task"]
