"""Starting, cancelling and retrying an export."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.going_back import is_in_place
from accounts.limits import not_too_often
from accounts.models import User
from exports.models import Task, TaskStatus
from exports.services.cooldown import next_start_in_words
from exports.services.kinds import EXPORT_KINDS, task_is_known
from exports.services.launching import TaskAlreadyActiveError, TaskTooSoonError, task_launch, task_retry
from exports.services.transitions import task_cancel


@not_too_often("export")
def start(request: HttpRequest) -> HttpResponse:
    """Start the export named by `kind`, unless one is in progress, and go to the member's profile."""
    user = cast(User, request.user)
    kind = request.POST.get("kind", "posts")
    if kind not in EXPORT_KINDS:
        known = ", ".join(EXPORT_KINDS)
        text = _("There is no export of the kind %(kind)s. Choose one of: %(known)s.")
        return HttpResponseBadRequest(text % {"kind": repr(kind[:64]), "known": known}, content_type="text/plain")
    return launch_and_tell(request, lambda: task_launch(user=user, name=EXPORT_KINDS[kind], actor=user))


@require_POST
@login_required
def cancel(request: HttpRequest, pk: str) -> HttpResponse:
    """Stop one of the member's exports; one that is already over stays as it is."""
    user = cast(User, request.user)
    if task_cancel(get_object_or_404(user.tasks, pk=pk), actor=user):
        return done(request, messages.INFO, _("The export was cancelled."))
    return refused(request, _("That export was already over."))


@require_POST
@login_required
@not_too_often("export")
def retry(request: HttpRequest, pk: str) -> HttpResponse:
    """Start a failed or cancelled export of the member's anew."""
    user = cast(User, request.user)
    task = get_object_or_404(user.tasks, pk=pk)
    if not task.can_be_retried:
        return refused(request, _("Only an export that failed or was cancelled can be tried again."))
    if not task_is_known(task):
        return refused(request, _("This kind of export is no longer offered. Please start another one."))
    return launch_and_tell(request, lambda: task_retry(task, actor=user))


def launch_and_tell(request: HttpRequest, launch: Callable[[], Task]) -> HttpResponse:
    """Launch a task, and tell the member how that went, or why nothing was started."""
    try:
        task = launch()
    except TaskAlreadyActiveError:
        return refused(request, _("An export task is currently in progress"))
    except TaskTooSoonError as refusal:
        return refused(request, _("Nothing was started.") + " " + next_start_in_words(refusal.next_at))
    if task.status == TaskStatus.FAILED:
        return done(request, messages.ERROR, task.failure_text)
    return done(request, messages.INFO, _("Your export has started. You can move on; it will be mailed to you."))


def done(request: HttpRequest, level: int, text: str) -> HttpResponse:
    """Go to the member's profile, which says so; a page that stays shows the task's alert, which says it as well."""
    if is_in_place(request):
        return HttpResponse(status=204)
    messages.add_message(request, level, text)
    return redirect(cast(User, request.user))


def refused(request: HttpRequest, text: str) -> HttpResponse:
    """Say why not, on the member's profile; a script (409) sends the form again as a browser does, to have it said."""
    if is_in_place(request):
        return HttpResponse(status=409)
    messages.warning(request, text)
    return redirect(cast(User, request.user))
