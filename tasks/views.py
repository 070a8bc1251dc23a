"""Start, cancel and retry a task, and respond to every launch."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from core.requests.rate_limits import not_too_often
from core.requests.redirects import is_background_request, next_url
from tasks.models import Task, TaskStatus
from tasks.registry import JOBS, failure_text_of
from tasks.services.cooldown import next_start_in_words
from tasks.services.launch import (
    TaskAlreadyActiveError,
    TaskNoLongerOfferedError,
    TaskNotRetriableError,
    TaskTooSoonError,
    task_launch,
    task_retry,
)
from tasks.services.transitions import task_cancel


@require_POST
@login_required
@not_too_often("task")
def start(request: HttpRequest, name: str) -> HttpResponse:
    """Start a job that has a button on the member's profile; 404 for any other."""
    job = JOBS.get(name)
    if not job or not job.profile_button:
        raise Http404
    user = cast(User, request.user)
    return launch_and_tell(request, lambda: task_launch(user=user, name=name, actor=user))


@require_POST
@login_required
def cancel(request: HttpRequest, pk: str) -> HttpResponse:
    """Cancel one of the member's tasks; one that has ended stays as it is."""
    user = cast(User, request.user)
    if task_cancel(get_object_or_404(user.tasks, pk=pk), actor=user):
        return _respond(request, messages.INFO, _("Cancelled."))
    return _refuse(request, _("This had already ended."))


@require_POST
@login_required
@not_too_often("task")
def retry(request: HttpRequest, pk: str) -> HttpResponse:
    """Retry a failed or cancelled task of the member's."""
    user = cast(User, request.user)
    task = get_object_or_404(user.tasks, pk=pk)
    return launch_and_tell(request, lambda: task_retry(task, actor=user))


def launch_and_tell(request: HttpRequest, launch: Callable[[], Task]) -> HttpResponse:
    """Launch a task, and tell the member that it has started, or why not."""
    try:
        task = launch()
    except TaskAlreadyActiveError as refusal:
        return _refuse(request, str(JOBS[refusal.name].already_active))
    except TaskTooSoonError as refusal:
        return _refuse(request, _("Nothing was started.") + " " + next_start_in_words(refusal.next_at))
    except TaskNotRetriableError:
        return _refuse(request, _("Only failed or cancelled tasks can be retried."))
    except TaskNoLongerOfferedError:
        return _refuse(request, _("This is no longer available."))
    if task.status == TaskStatus.FAILED:
        return _respond(request, messages.ERROR, failure_text_of(task))
    return _respond(request, messages.INFO, str(JOBS[task.name].launched))


def _respond(request: HttpRequest, level: int, text: str, *, script_status: int = 204) -> HttpResponse:
    """Go back to the form's page, or to the member's profile, with a message; a script gets a status only.

    The script's page shows the task's alert; when it is refused (409), it submits the form again as a browser does. The
    task can have ended before the page is shown: the text must be true then, too.
    """
    if is_background_request(request):
        return HttpResponse(status=script_status)
    messages.add_message(request, level, text, extra_tags="task")
    profile = cast(User, request.user).get_absolute_url()
    return HttpResponseRedirect(next_url(request, otherwise=profile))


def _refuse(request: HttpRequest, text: str) -> HttpResponse:
    return _respond(request, messages.WARNING, text, script_status=409)
