"""The pages of imports: upload, preview, report, and what the member decides there."""

import csv
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import RequestDataTooBig
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
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
from imports.models import Import, Stage
from imports.reasons import Reason
from imports.services.uploads import JOBS as IMPORT_JOBS
from imports.services.uploads import (
    import_confirm,
    import_discard,
    import_undo,
    import_upload,
    is_busy,
    may_be_undone,
    tasks_of,
)
from tasks.models import Task
from tasks.services.launch import TaskAlreadyActiveError
from tasks.services.payloads import task_withdraw

PAGE_SIZE = 20
IN_PROGRESS = gettext_noop("An import is in progress. Wait until it has ended, or cancel it.")
FORM_SIZE = 100_000
"""Bytes of a form beside its file."""
FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""The first characters of a cell that spreadsheets take for a formula: OWASP, "CSV Injection", and full-width forms."""


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
    if (file.size or 0) > settings.IMPORT_MAX_SIZE:
        return bad_request(request, RequestDataTooBig())
    try:
        upload, task = import_upload(user=user, file=file)
    except TaskAlreadyActiveError:
        return _list(request, error=_(IN_PROGRESS))
    return _go_to(request, upload, task)


def _list(request: HttpRequest, error: str = "") -> HttpResponse:
    user = cast(User, request.user)
    page = Paginator(user.imports.exclude(stage=Stage.DISCARDED), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "entries": _with_tasks(user, list(page)),
        "is_busy": is_busy(user),
        "waiting": user.imports.filter(stage=Stage.PREVIEW).first(),
        "error": error,
        "size_limit": filesizeformat(settings.IMPORT_MAX_SIZE),
        "max_size": settings.IMPORT_MAX_SIZE,
    }
    return render(request, "imports/list.html", context, status=422 if error else 200)


def _with_tasks(user: User, uploads: list[Import]) -> list[tuple[Import, Task | None]]:
    """Return each import with its latest task, by one query."""
    ids = [str(upload.pk) for upload in uploads]
    tasks = user.tasks.filter(name__in=IMPORT_JOBS, params__import__in=ids).order_by("created_at")
    latest = {task.params["import"]: task for task in tasks}
    return [(upload, latest.get(str(upload.pk))) for upload in uploads]


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
        _withdraw_alerts(upload)
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
    """Return a CSV of what was left out: reason, link to the original, time, and detail."""
    upload = _own(request, pk)
    headers = {"Content-Disposition": f'attachment; filename="left-out-{upload.pk}.csv"'}
    # The lines are written when the request's language is no longer active.
    heading = [_("Reason"), _("Link"), _("Written at"), _("Detail")]
    reasons = {reason.value: str(reason.label) for reason in Reason}
    lines = _csv_lines(upload, heading, reasons)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


class _Line:
    """Stands in for a file: what is written to it is returned."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(upload: Import, heading: list[str], reasons: dict[str, str]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(heading)
    for entry in upload.left_out.order_by("pk").iterator():
        reason = reasons.get(entry.reason, entry.reason)
        written_at = entry.written_at.isoformat() if entry.written_at else ""
        yield writer.writerow(map(_cell, (reason, entry.url, written_at, entry.detail)))


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


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
        return _go_to(request, upload, task)
    messages.warning(request, refusal)
    return redirect("imports:import", upload.pk)


def _go_to(request: HttpRequest, upload: Import, task: Task) -> HttpResponse:
    """Lead to the import's page, which shows how far its task is, or why it failed; a script gets the address."""
    _withdraw_alerts(upload, keep=task)
    address = reverse("imports:import", args=[upload.pk])
    if is_background_request(request):
        return HttpResponse(status=201, headers={"Location": address})
    return HttpResponseRedirect(address)


def _withdraw_alerts(upload: Import, keep: Task | None = None) -> None:
    """Clear the alerts of the import's tasks, which are no longer news: it goes on, or is over."""
    for task in tasks_of(upload):
        if task != keep:
            task_withdraw(task)
