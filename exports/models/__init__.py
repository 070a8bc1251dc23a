"""The rows of a background job: the Task, what happened to it, the Archive that it leaves, and who looks after them."""

from exports.models.archive import Archive
from exports.models.event import TaskEvent
from exports.models.failure_email import FailureEmail
from exports.models.housekeeping import Housekeeping
from exports.models.tally import Tally
from exports.models.task import Task, TaskLane, TaskStatus

__all__ = ["Archive", "FailureEmail", "Housekeeping", "Tally", "Task", "TaskEvent", "TaskLane", "TaskStatus"]
