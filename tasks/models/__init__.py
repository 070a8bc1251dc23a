"""The rows of background jobs: tasks, their history, paused queues, totals, and the housekeeping."""

from tasks.models.counter import Counter
from tasks.models.event import TaskEvent
from tasks.models.housekeeping import Housekeeping
from tasks.models.pause import QueuePause, TaskQueue
from tasks.models.task import Task, TaskStatus

__all__ = ["Counter", "Housekeeping", "QueuePause", "Task", "TaskEvent", "TaskQueue", "TaskStatus"]
