"""The pages of imports: upload, preview, report, and what the member decides there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import RequestDataTooBig
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from core.requests.bounds import takes_up_to
from core.requests.error_pages import bad_request
from core.requests.rate_limits import not_too_often
from core.requests.redirects import is_background_request
from imports.forms import ChoicesForm
from imports.left_out import left_out_csv
from imports.models import Import, Stage
from imports.services.uploads import (
    import_confirm,
    import_discard,
    import_undo,
    import_upload,
    is_busy,
    may_be_undone,
    tasks_of,
    with_latest_task,
)
from tasks.models import Task
from tasks.services.launch import TaskAlreadyActiveError

PAGE_SIZE = 20
IN_PROGRESS = gettext_noop("An import is in progress. Wait until it has ended, or cancel it.")
FORM_SIZE = 100_000
"""Bytes of a form beside its file."""


@takes_up_to(settings.IMPORT_MAX_SIZE + FORM_SIZE, members_only=True)
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Take a file (POST), or show the form and the member's imports (GET)."""
    return _upload(request) if request.method == "POST" else _list(request)


@not_too_often("task")
def _upload(request: HttpRequest) -> HttpResponse:
    user, file = cast(User, request.user), request.FILES.get("file")
    if file is None:
        return _list(request, error=_("Choose the file that you want to import."))
    try:
        upload, _task = import_upload(user=user, file=file)
    except RequestDataTooBig as error:
        return bad_request(request, error)
    except TaskAlreadyActiveError:
        return _list(request, error=_(IN_PROGRESS))
    return _go_to(request, upload)


def _list(request: HttpRequest, error: str = "") -> HttpResponse:
    user = cast(User, request.user)
    page = Paginator(user.imports.exclude(stage=Stage.DISCARDED), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "entries": with_latest_task(user, list(page)),
        "is_busy": is_busy(user),
        "waiting": user.imports.filter(stage=Stage.PREVIEW).first(),
        "error": error,
        "size_limit": filesizeformat(settings.IMPORT_MAX_SIZE),
        "max_size": settings.IMPORT_MAX_SIZE,
    }
    return render(request, "imports/list.html", context, status=422 if error else 200)


@require_GET
@login_required
def detail(request: HttpRequest, pk: str) -> HttpResponse:
    """Show one import, whatever it waits for."""
    return _detail(request, _own(request, pk))


def _detail(request: HttpRequest, upload: Import, form: ChoicesForm | None = None) -> HttpResponse:
    tasks = list(tasks_of(upload))
    context: dict[str, Any] = {
        "upload": upload,
        "task": tasks[0] if tasks else None,
        "shown_here": {str(task.pk) for task in tasks},
        "form": form or ChoicesForm(upload=upload),
        "may_be_undone": may_be_undone(upload),
        "undo_until": (upload.ended_at or upload.created_at) + timedelta(days=settings.IMPORT_UNDO_DAYS),
    }
    return render(request, "imports/import.html", context, status=422 if form else 200)


@require_POST
@login_required
@not_too_often("task")
def confirm(request: HttpRequest, pk: str) -> HttpResponse:
    """Start the import of what the member has chosen."""
    upload = _own(request, pk)
    form = ChoicesForm(request.POST, upload=upload)
    if not form.is_valid():
        return _detail(request, upload, form)
    refusal = _("This import has already been started or discarded.")
    return _go_on(request, upload, lambda: import_confirm(upload, form.choices()), refusal)


@require_POST
@login_required
def discard(request: HttpRequest, pk: str) -> HttpResponse:
    """Give up an import that has not begun, and delete its file."""
    upload = _own(request, pk)
    if import_discard(upload):
        messages.info(request, _("Discarded. We've deleted the file."))
        return redirect("imports:list")
    messages.warning(request, _("This import has already been started or discarded."))
    return redirect("imports:import", pk)


@require_POST
@login_required
@not_too_often("task")
def undo(request: HttpRequest, pk: str) -> HttpResponse:
    """Start taking an import back."""
    upload = _own(request, pk)
    refusal = _("This import can't be undone: another one is in progress, or its time is over.")
    return _go_on(request, upload, lambda: import_undo(upload), refusal)


@require_GET
@login_required
def left_out(request: HttpRequest, pk: str) -> HttpResponseBase:
    """Return a CSV of what was left out."""
    return left_out_csv(_own(request, pk))


def _own(request: HttpRequest, pk: str) -> Import:
    """Return one of the member's imports; 404 for a stranger."""
    return get_object_or_404(Import.objects.select_related("user"), pk=pk, user=cast(User, request.user))


def _go_on(request: HttpRequest, upload: Import, start: Callable[[], Task | None], refusal: str) -> HttpResponse:
    """Start the import's next task, or say why that isn't possible."""
    try:
        task = start()
    except TaskAlreadyActiveError:
        task, refusal = None, _(IN_PROGRESS)
    if task:
        return _go_to(request, upload)
    messages.warning(request, refusal)
    return redirect("imports:import", upload.pk)


def _go_to(request: HttpRequest, upload: Import) -> HttpResponse:
    """Lead to the import's page, which shows how far its task is, or why it failed; a script gets the address."""
    address = reverse("imports:import", args=[upload.pk])
    if is_background_request(request):
        return HttpResponse(status=201, headers={"Location": address})
    return HttpResponseRedirect(address)
