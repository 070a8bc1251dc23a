"""The page of a member's exports, and what the member can do there: start one, delete its file, email it again."""

from typing import cast
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.sign_in.reauthentication import password_required
from core.requests.rate_limits import not_too_often
from core.requests.redirects import next_url
from exports.choice import EVERYTHING, ArchiveChoice, ChoiceError
from exports.delivery.archive_email import mail_again
from exports.export_job import export_jobs
from exports.forms import is_choice
from exports.options import export_options
from exports.services import export_start
from exports.storage.cleanup import archive_delete
from exports.storage.files import StorageUnavailableError
from exports.views.choosing import choice_in, choice_query, kind_of, kinds_shown
from tasks.views import launch_and_tell

PAGE_SIZE = 20


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Start an export (POST) or list the member's exports (GET)."""
    if request.method != "POST":
        return _list(request)
    if "estimate" in request.POST:  # its address holds the choice, which can be changed there
        address = f"{reverse('exports:list')}?{choice_query(request.POST)}#choose-{quote(kind_of(request))}"
        return HttpResponseRedirect(address)
    return _start(request)


@not_too_often("task")
def _start(request: HttpRequest) -> HttpResponse:
    """Start the export named by `kind`, unless one is in progress; redirect to the page that the form was on."""
    user, kind = cast(User, request.user), kind_of(request)
    choice: ArchiveChoice | None = EVERYTHING
    if is_choice(request.POST) and (job := export_jobs().get(kind)):
        choice = choice_in(request.POST, user=user, job=job)
    if choice is None:
        return _list(request, status=422)
    try:
        return launch_and_tell(request, lambda: export_start(user=user, kind=kind, choice=choice, actor=user))
    except ChoiceError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain")


def _list(request: HttpRequest, *, status: int = 200) -> HttpResponse:
    """Show the kinds of export, with what the member has chosen so far, and a page of the member's exports."""
    user = cast(User, request.user)
    options = export_options(user)
    by_name = {option.job.name: option for option in options.values()}
    tasks = user.tasks.ended().filter(name__in=by_name).select_related("archive")
    active = [option.active for option in options.values() if option.active]
    page = Paginator(tasks, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "kinds": kinds_shown(request, user, options),
        "page": page,
        "entries": [(task, by_name[task.name]) for task in page],
        "shown_here": {str(task.pk) for task in [*page, *active]},
        "retention_days": settings.EXPORT_RETENTION_DAYS,
        "max_archives": settings.EXPORT_MAX_ARCHIVES,
    }
    return render(request, "exports/list.html", context, status=status)


@require_POST
@login_required
def delete(request: HttpRequest, pk: str) -> HttpResponse:
    """Delete the file of one of the member's exports; the list still shows the export."""
    user = cast(User, request.user)
    archive = get_object_or_404(user.archives.select_related("task__user"), task_id=pk)
    try:
        deleted = archive_delete(archive)
    except StorageUnavailableError:
        messages.error(request, _("We couldn't delete the file. Please try again in a few minutes."))
    else:
        if deleted:
            messages.info(request, _("The file was deleted."))
        else:
            messages.warning(request, _("We no longer have that file."))
    return _go_back(request)


@require_POST
@login_required
@password_required
@not_too_often("task")
def mail(request: HttpRequest, pk: str) -> HttpResponse:
    """Email one of the member's exports again, to their current address."""
    user = cast(User, request.user)
    archive = get_object_or_404(user.archives.select_related("task"), task_id=pk)
    if mail_again(archive):
        messages.info(request, _("The email is on its way."))
    else:
        messages.warning(request, _("That email is already on its way, or we no longer have the file."))
    return _go_back(request)


def _go_back(request: HttpRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(next_url(request, otherwise=reverse("exports:list")))
