"""The rows of a background job: the Task, and the Archive that a finished export leaves."""

from exports.models.archive import Archive
from exports.models.task import Task, TaskLane, TaskStatus

__all__ = ["Archive", "Task", "TaskLane", "TaskStatus"]
