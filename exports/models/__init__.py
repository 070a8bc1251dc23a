"""The rows of a background job: the Task, the Archive that a finished export leaves, and who looked after them."""

from exports.models.archive import Archive
from exports.models.housekeeping import Housekeeping
from exports.models.task import Task, TaskLane, TaskStatus

__all__ = ["Archive", "Housekeeping", "Task", "TaskLane", "TaskStatus"]
