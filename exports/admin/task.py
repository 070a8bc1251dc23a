"""Tasks in the admin: what runs, what failed and why; cancel, retry, fail, and an example to try the workers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.preferences import member_language
from exports.admin.readonly import ReadOnlyAdmin
from exports.models import Task, TaskStatus
from exports.services.kinds import EXAMPLE, task_is_known
from exports.services.launching import TaskAlreadyActiveError, task_launch, task_retry
from exports.services.transitions import task_cancel, task_fail

EXAMPLE_SECONDS = 20


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """The list and the page of tasks."""

    list_display = ("short_id", "name", "status", "progress_bar", "user", "age", "attempt", "duration")
    list_filter = ("status", "name", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    search_help_text = gettext_lazy("Member's name or e-mail address, or a task's id")
    show_full_result_count = False
    actions = ("cancel", "retry", "fail")
    extra_fields = ("rq_job",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list, with the button that starts the example to those who may act."""
        context = {**(extra_context or {}), "has_change_permission": self.has_change_permission(request)}
        return super().changelist_view(request, context)

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

    @admin.display(description=gettext_lazy("RQ job"))
    def rq_job(self, task: Task) -> str:
        """Return a link to the job in the queue's dashboard, which superusers may open."""
        address = reverse("admin:django_rq_job_detail", args=[0, str(task.pk)])
        return format_html('<a href="{}">{}</a>', address, task.pk)

    @admin.action(description=gettext_lazy("Cancel"), permissions=["change"])
    def cancel(self, request: HttpRequest, tasks: QuerySet[Task]) -> None:
        """Cancel the active ones among the tasks."""
        self._each(request, tasks, lambda task: task_cancel(task) is not None)

    @admin.action(description=gettext_lazy("Retry"), permissions=["change"])
    def retry(self, request: HttpRequest, tasks: QuerySet[Task]) -> None:
        """Launch the failed and cancelled ones among the tasks anew."""
        self._each(request, tasks, retry_if_possible)

    @admin.action(description=gettext_lazy("Fail"), permissions=["change"])
    def fail(self, request: HttpRequest, tasks: QuerySet[Task]) -> None:
        """Give up the active ones among the tasks, and tell their members."""
        self._each(request, tasks, lambda task: stop(task) is not None)

    def _each(self, request: HttpRequest, tasks: QuerySet[Task], act: Callable[[Task], object]) -> None:
        results = [bool(act(task)) for task in tasks.select_related("user")]
        changed, left = results.count(True), results.count(False)
        if changed:
            text = ngettext("%d task changed.", "%d tasks changed.", changed) % changed
            self.message_user(request, text, messages.SUCCESS)
        if left:
            text = ngettext(
                "%d task was left as it is: its status does not allow it.",
                "%d tasks were left as they are: their status does not allow it.",
                left,
            )
            self.message_user(request, text % left, messages.WARNING)

    def get_urls(self) -> list[URLPattern]:
        """Add the button that starts the example."""
        start = self.admin_site.admin_view(require_POST(self.start_example))
        return [path("start-example/", start, name="exports_task_start_example"), *super().get_urls()]

    def start_example(self, request: HttpRequest) -> HttpResponse:
        """Start the example job for the member of staff who asks, to try whether the workers work."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            task: Any = task_launch(user=request.user, name=EXAMPLE, params={"seconds": EXAMPLE_SECONDS})  # type: ignore[arg-type]
        except TaskAlreadyActiveError:
            self.message_user(request, _("Your example is running already."), messages.WARNING)
        else:
            failed = task.status == TaskStatus.FAILED
            text = task.error if failed else _("The example was queued: watch its progress here, or on any page.")
            self.message_user(request, text, messages.ERROR if failed else messages.SUCCESS)
        return redirect("admin:exports_task_changelist")


def stop(task: Task) -> Task | None:
    """Give the task up, if it is active, and tell its member so."""
    with member_language(task.user):
        error = _("Our staff stopped this export. You can start it again.")
    return task_fail(Task.objects.active().filter(pk=task.pk), task, error=error)


def retry_if_possible(task: Task) -> bool:
    """Launch the task anew, whatever the pause between a member's exports; return False if that cannot be now."""
    if not (task.can_be_retried and task_is_known(task)):
        return False
    try:
        task_retry(task, by_staff=True)
    except TaskAlreadyActiveError:
        return False
    return True
