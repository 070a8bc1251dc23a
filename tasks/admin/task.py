"""Tasks in the admin: what runs, what happened and why; cancel, retry, fail; start a job; pause a queue."""

from datetime import timedelta
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.staff.actions import ask_and_act
from core.staff.readonly import ReadOnlyAdmin
from tasks.admin.actions import CANCEL, FAIL, RETRY
from tasks.admin.controls import pausable_queues, pause_or_resume, start_job, startable_jobs
from tasks.models import Task
from tasks.queue.client import QUEUE_NAME, QUEUE_NAMES
from tasks.registry import JOBS, failure_text_of
from tasks.services.history import task_history

# What the page groups; a field that is in none of them is with the rest.
GROUPS = (
    (None, ("user", "name", "queue", "description", "status", "progress", "done", "total")),
    (gettext_lazy("Attempts"), ("attempt", "failures", "worker", "heartbeat_at", "run_after")),
    (gettext_lazy("Times"), ("created_at", "queued_at", "started_at", "ended_at")),
    (gettext_lazy("Errors"), ("reason", "traceback")),
)


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """The list and the page of tasks."""

    list_display = ("short_id", "name", "status", "progress_bar", "user", "age", "attempt", "duration")
    list_filter = ("status", "name", "queue", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    search_help_text = gettext_lazy("Username, email address or task id")
    show_full_result_count = False
    actions = ("cancel", "retry", "fail")
    extra_fields = ("rq_job", "reason")
    hidden_fields = ("error", "error_params", "email")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Return the fields, with the link to the queue's dashboard for those who may open it."""
        fields = super().get_fields(request, obj)
        return [name for name in fields if name != "rq_job" or request.user.is_superuser]

    def get_fieldsets(self, request: HttpRequest, obj: Task | None = None) -> list[Any]:
        """Return the fields in their groups."""
        grouped = [name for _title, names in GROUPS for name in names]
        rest = [name for name in self.get_fields(request, obj) if name not in grouped]
        groups = [*GROUPS, (gettext_lazy("Technical"), rest)]
        return [(title, {"fields": names}) for title, names in groups]

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may cancel tasks."""
        return request.user.has_perm("tasks.cancel_task")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may retry tasks."""
        return request.user.has_perm("tasks.retry_task")

    def has_fail_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may fail tasks."""
        return request.user.has_perm("tasks.fail_task")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list, with the buttons that this member of staff may press."""
        user = cast(User, request.user)
        buttons = {"startable_jobs": startable_jobs(user), "queues": pausable_queues(user)}
        context = {**(extra_context or {}), **buttons}
        return super().changelist_view(request, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the task's page, with what happened to it."""
        task: Task = context["original"]
        events = task_history(task)
        lengths = [later.at - earlier.at for earlier, later in pairwise(events)]
        more = {
            "steps": list(zip(events, [None, *lengths], strict=True)),
            "job": JOBS.get(task.name),
            "buttons": self._buttons(request, task),
        }
        return super().render_change_form(request, {**context, **more}, *args, **kwargs)

    def _buttons(self, request: HttpRequest, task: Task) -> list[tuple[str, str]]:
        """Return name and label of each action that these staff may do and that would do something to the task."""
        offered: dict[str, Any] = self.get_actions(request)
        possible = [action.name for action in (CANCEL, RETRY, FAIL) if not action.left([task])]
        return [(name, offered[name][2]) for name in possible if name in offered]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Task], search_term: str
    ) -> tuple[QuerySet[Task], bool]:
        """Find a task by its id, or by its member."""
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term)

    @admin.display(description=gettext_lazy("id"), ordering="id")
    def short_id(self, task: Task) -> str:
        """Return the beginning of the id, enough to tell tasks apart."""
        return str(task.pk)[:8]

    @admin.display(description=gettext_lazy("progress"), ordering="progress")
    def progress_bar(self, task: Task) -> str:
        """Return a bar with its number."""
        bar = '<progress max="100" value="{0}" aria-label="{1}"></progress> {0}&nbsp;%'
        return format_html(bar, task.progress, _("Progress"))

    @admin.display(description=gettext_lazy("age"), ordering="created_at")
    def age(self, task: Task) -> str:
        """Return how long ago the task was asked for."""
        return timesince(task.created_at)

    @admin.display(description=gettext_lazy("duration"))
    def duration(self, task: Task) -> str:
        """Return how long it has run, in hours, minutes and seconds."""
        duration = task.duration
        return "-" if duration is None else str(timedelta(seconds=round(duration.total_seconds())))

    @admin.display(description=gettext_lazy("error"))
    def reason(self, task: Task) -> str:
        """Return why the task failed, in the language of whoever looks."""
        return failure_text_of(task) or "-"

    @admin.display(description=gettext_lazy("RQ job"))
    def rq_job(self, task: Task) -> str:
        """Return a link to the job in the queue's dashboard, which superusers may open."""
        queue = list(settings.RQ_QUEUES).index(QUEUE_NAMES.get(task.queue, QUEUE_NAME))
        address = reverse("admin:django_rq_job_detail", args=[queue, str(task.pk)])
        return format_html('<a href="{}">{}</a>', address, task.pk)

    @admin.action(description=gettext_lazy("Cancel"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, tasks: QuerySet[Task]) -> HttpResponse | None:
        """Cancel the active ones among the tasks."""
        return ask_and_act(self, request, tasks, CANCEL)

    @admin.action(description=gettext_lazy("Retry"), permissions=["retry"])
    def retry(self, request: HttpRequest, tasks: QuerySet[Task]) -> HttpResponse | None:
        """Retry the failed and cancelled ones among the tasks."""
        return ask_and_act(self, request, tasks, RETRY)

    @admin.action(description=gettext_lazy("Fail"), permissions=["fail"])
    def fail(self, request: HttpRequest, tasks: QuerySet[Task]) -> HttpResponse | None:
        """Fail the active ones among the tasks, and tell their members."""
        return ask_and_act(self, request, tasks, FAIL)

    def get_urls(self) -> list[URLPattern]:
        """Add the buttons above the list."""
        buttons = {"start": start_job, "pause": pause_or_resume}
        urls = [
            path(f"{name}/", self.admin_site.admin_view(view), name=f"tasks_task_{name}")
            for name, view in buttons.items()
        ]
        return [*urls, *super().get_urls()]
