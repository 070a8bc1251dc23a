"""A member's background tasks in the complete archive."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.member_data import MemberData, member_data
from accounts.models import User
from tasks.models import Task, TaskEvent


@member_data
class Tasks(MemberData):
    """The tasks, also those that failed."""

    name = "tasks"
    contents = _("What you had the site do in the background, such as exports and imports, and how each ended.")
    keys = ("tasks.Task.user",)
    columns = {
        "id": "id",
        "name": "name",
        "description": "description",
        "params": "params",
        "language": "language",
        "email": "email",
        "status": "status",
        "attempts": "attempt",
        "requested": "created_at",
        "started": "started_at",
        "ended": "ended_at",
        "summary": "summary",
        "error_code": "error_code",
        "error": "error",
    }

    @classmethod
    def rows(cls, user: User) -> QuerySet[Task]:
        """Return the tasks."""
        return user.tasks.order_by("created_at", "id")


@member_data
class TaskEvents(MemberData):
    """The tasks' history, in which staff are no more than "staff"."""

    name = "task_events"
    contents = _("What happened to these tasks: when, why, and whether you, staff or the system caused it.")
    keys = ("tasks.TaskEvent.task",)
    columns = {"task": "task_id", "at": "at", "status": "status", "reason": "reason", "attempt": "attempt", "by": "by"}

    @classmethod
    def rows(cls, user: User) -> QuerySet[TaskEvent]:
        """Return the events."""
        return TaskEvent.objects.filter(task__user=user).order_by("pk")
