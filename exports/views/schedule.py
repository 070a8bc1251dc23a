"""What members do with their schedule: create or change it, stop it, resume it."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from core.humanize import moment_in_words
from core.requests.rate_limits import not_too_often
from exports.models import Schedule
from exports.scheduling.forms import ScheduleForm
from exports.scheduling.services import schedule_resume, schedule_save, schedule_stop
from exports.storage.cleanup import member_trim
from exports.views.overview import overview


@require_POST
@login_required
@not_too_often("change")
def save(request: HttpRequest) -> HttpResponse:
    """Create or change the member's schedule; it runs from now on."""
    user = cast(User, request.user)
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        return overview(request, form=form, status=422)
    schedule = schedule_save(user=user, plan=form.plan())
    member_trim(user_id=user.pk, is_scheduled=True)
    _tell_next(request, schedule)
    return redirect("exports:list")


@require_POST
@login_required
@not_too_often("change")
def stop(request: HttpRequest) -> HttpResponse:
    """Stop the member's schedule."""
    if schedule_stop(user=cast(User, request.user)):
        messages.info(request, _("Your schedule is stopped. Your files stay until they expire."))
    else:
        messages.warning(request, _("There is no active schedule to stop."))
    return redirect("exports:list")


@require_POST
@login_required
@not_too_often("change")
def resume(request: HttpRequest) -> HttpResponse:
    """Resume the member's stopped or paused schedule."""
    if schedule := schedule_resume(user=cast(User, request.user)):
        _tell_next(request, schedule)
    else:
        messages.warning(request, _("There is no stopped schedule to resume."))
    return redirect("exports:list")


def _tell_next(request: HttpRequest, schedule: Schedule) -> None:
    if schedule.next_at:
        text = _("Your schedule is active. Next export: %(moment)s.")
        messages.info(request, text % {"moment": moment_in_words(schedule.next_at)})
