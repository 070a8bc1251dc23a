"""The buttons above the list of tasks: start a job, pause and resume a queue."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from accounts.models import User
from core.staff.actions import action_log
from tasks.job import Job
from tasks.models import QueuePause, TaskQueue, TaskStatus
from tasks.registry import JOBS, failure_text_of
from tasks.services.launch import TaskAlreadyActiveError, task_launch
from tasks.services.pauses import queue_pause, queue_resume

PAUSE_QUEUE = "tasks.pause_queue"


def may_start(user: User, job: type[Job]) -> bool:
    """Return whether this member of staff may start the job in the admin."""
    permission = "tasks.start_example" if job.is_for_members else "tasks.start_system_job"
    return job.staff_params is not None and user.has_perm(permission)


def startable_jobs(user: User) -> list[type[Job]]:
    """Return the jobs that this member of staff may start."""
    return [job for job in JOBS.values() if may_start(user, job)]


@require_POST
def start_job(request: HttpRequest) -> HttpResponse:
    """Start a job: of the site's own, or for the member of staff who asks."""
    user = cast(User, request.user)
    job = JOBS.get(request.POST.get("job", ""))
    if job is None:
        raise Http404
    if not may_start(user, job):
        raise PermissionDenied
    owner = user if job.is_for_members else None
    try:
        task = task_launch(user=owner, name=job.name, params=job.staff_params, by_staff=True, actor=user)
    except TaskAlreadyActiveError:
        messages.warning(request, str(job.already_active))
    else:
        action_log(user, task, gettext_noop("Started the task"))
        if task.status == TaskStatus.FAILED:
            messages.error(request, failure_text_of(task))
        else:
            messages.success(request, _("Started: %(job)s. Watch its progress here.") % {"job": job.label})
    return redirect("admin:tasks_task_changelist")


def pausable_queues(user: User) -> list[tuple[str, str, QueuePause | None]]:
    """Return the name, the label and the pause of each queue, if this member of staff may pause them."""
    if not user.has_perm(PAUSE_QUEUE):
        return []
    pauses = {pause.queue: pause for pause in QueuePause.objects.select_related("by")}
    return [(value, str(label), pauses.get(value)) for value, label in TaskQueue.choices]


@require_POST
def pause_or_resume(request: HttpRequest) -> HttpResponse:
    """Pause the queue that the form's `pause` names, or resume that of `resume`."""
    user = cast(User, request.user)
    if not user.has_perm(PAUSE_QUEUE):
        raise PermissionDenied
    name = request.POST.get("pause") or request.POST.get("resume") or ""
    if name not in TaskQueue.values:
        raise Http404
    queue = TaskQueue(name)
    if "pause" in request.POST:
        change, words, text = queue_pause(queue, by=user), gettext_noop("Paused the queue"), _("The queue is paused.")
    else:
        change, words, text = queue_resume(queue), gettext_noop("Resumed the queue"), _("The queue is running again.")
    if change:
        action_log(user, change, words)
        messages.success(request, text)
    else:
        messages.warning(request, _("Nothing changed: someone else has just done this."))
    return redirect("admin:tasks_task_changelist")
