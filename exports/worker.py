"""The worker."""

from rq import Worker


class ExportWorker(Worker):
    """An RQ worker."""
