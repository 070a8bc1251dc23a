"""Starting, cancelling and retrying an export."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from exports.models import Task, TaskStatus
from exports.services.cooldown import next_start_in_words
from exports.services.kinds import EXPORT_KINDS, task_is_known
from exports.services.launching import TaskAlreadyActiveError, TaskTooSoonError, task_launch, task_retry
from exports.services.transitions import task_cancel
from exports.views.limiting import not_too_often


@not_too_often
def start(request: HttpRequest) -> HttpResponse:
    """Start the export named by `kind`, unless one is in progress, and go to the member's profile."""
    user = cast(User, request.user)
    kind = request.POST.get("kind", "posts")
    if kind not in EXPORT_KINDS:
        known = ", ".join(EXPORT_KINDS)
        text = _("There is no export of the kind %(kind)s. Choose one of: %(known)s.")
        return HttpResponseBadRequest(text % {"kind": repr(kind[:64]), "known": known}, content_type="text/plain")
    launch_and_tell(request, lambda: task_launch(user=user, name=EXPORT_KINDS[kind], actor=user))
    return redirect(user)


@require_POST
@login_required
def cancel(request: HttpRequest, pk: str) -> HttpResponse:
    """Stop one of the member's exports; one that is already over stays as it is."""
    user = cast(User, request.user)
    if task_cancel(get_object_or_404(user.tasks, pk=pk), actor=user):
        messages.info(request, _("The export was cancelled."))
    else:
        messages.warning(request, _("That export was already over."))
    return redirect(user)


@require_POST
@login_required
@not_too_often
def retry(request: HttpRequest, pk: str) -> HttpResponse:
    """Start a failed or cancelled export of the member's anew."""
    user = cast(User, request.user)
    task = get_object_or_404(user.tasks, pk=pk)
    if not task.can_be_retried:
        messages.warning(request, _("Only an export that failed or was cancelled can be tried again."))
        return redirect(user)
    if not task_is_known(task):
        messages.warning(request, _("This kind of export is no longer offered. Please start another one."))
        return redirect(user)
    launch_and_tell(request, lambda: task_retry(task, actor=user))
    return redirect(user)


def launch_and_tell(request: HttpRequest, launch: Callable[[], Task]) -> None:
    """Launch a task, and tell the member how that went, or why nothing was started."""
    try:
        task = launch()
    except TaskAlreadyActiveError:
        messages.warning(request, _("An export task is currently in progress"))
    except TaskTooSoonError as refusal:
        messages.warning(request, _("Nothing was started.") + " " + next_start_in_words(refusal.next_at))
    else:
        if task.status == TaskStatus.FAILED:
            messages.error(request, task.error)
        else:
            messages.info(request, _("Your export has started. You can move on; it will be mailed to you."))
