"""Starting, cancelling and retrying an export."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.going_back import is_in_place, page_before
from accounts.limits import not_too_often
from accounts.models import User
from exports.models import Task, TaskStatus
from exports.services.cooldown import next_start_in_words
from exports.services.kinds import EXPORT_KINDS, task_is_known
from exports.services.launching import TaskAlreadyActiveError, TaskTooSoonError, task_launch, task_retry
from exports.services.transitions import task_cancel


@not_too_often("export")
def start(request: HttpRequest) -> HttpResponse:
    """Start the export named by `kind`, unless one is in progress, and go back."""
    user = cast(User, request.user)
    kind = request.POST.get("kind", "posts")
    if kind not in EXPORT_KINDS:
        known = ", ".join(EXPORT_KINDS)
        text = _("%(kind)s isn't a type of export. Choose one of: %(known)s.")
        return HttpResponseBadRequest(text % {"kind": repr(kind[:64]), "known": known}, content_type="text/plain")
    return launch_and_tell(request, lambda: task_launch(user=user, name=EXPORT_KINDS[kind], actor=user))


@require_POST
@login_required
def cancel(request: HttpRequest, pk: str) -> HttpResponse:
    """Stop one of the member's exports; one that is already over stays as it is."""
    user = cast(User, request.user)
    if task_cancel(get_object_or_404(user.tasks, pk=pk), actor=user):
        return done(request, messages.INFO, _("Export cancelled."))
    return refused(request, _("This export had already ended."))


@require_POST
@login_required
@not_too_often("export")
def retry(request: HttpRequest, pk: str) -> HttpResponse:
    """Start a failed or cancelled export of the member's anew."""
    user = cast(User, request.user)
    task = get_object_or_404(user.tasks, pk=pk)
    if not task.can_be_retried:
        return refused(request, _("Only failed or cancelled exports can be retried."))
    if not task_is_known(task):
        return refused(request, _("This type of export is no longer available. Please request another one."))
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
    return done(request, messages.INFO, _("Export requested. You can leave this page: we email every export."))


def done(request: HttpRequest, level: int, text: str) -> HttpResponse:
    """Go back to the page, which says so; one that stays shows the task's alert, which says it as well.

    The text is as true when the export is ready, or has failed, as it is now: that can be before the page is shown.
    """
    if is_in_place(request):
        return HttpResponse(status=204)
    return go_back(request, level, text)


def refused(request: HttpRequest, text: str) -> HttpResponse:
    """Say why not, on the page; a script (409) sends the form again as a browser does, to have it said."""
    if is_in_place(request):
        return HttpResponse(status=409)
    return go_back(request, messages.WARNING, text)


def go_back(request: HttpRequest, level: int, text: str) -> HttpResponse:
    """Go back to the page that the form was on, or to the member's profile, with a message."""
    messages.add_message(request, level, text, extra_tags="task")
    profile = cast(User, request.user).get_absolute_url()
    return HttpResponseRedirect(page_before(request, otherwise=profile))
