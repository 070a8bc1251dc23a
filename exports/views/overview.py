"""The page of a member's exports: what they can start, and what became of what they started."""

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from core.requests.rate_limits import not_too_often
from exports.export_job import export_jobs
from exports.options import export_estimates, export_options
from tasks.services.launch import task_launch
from tasks.views import launch_and_tell

PAGE_SIZE = 20


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Start an export (POST) or list the member's exports (GET)."""
    return _start(request) if request.method == "POST" else _list(request)


@not_too_often("export")
def _start(request: HttpRequest) -> HttpResponse:
    """Start the export named by `kind`, unless one is in progress, and go back."""
    user = cast(User, request.user)
    kind, jobs = request.POST.get("kind", "posts"), export_jobs()
    if kind not in jobs:
        text = _("%(kind)s isn't a type of export. Choose one of: %(known)s.")
        known = {"kind": repr(kind[:64]), "known": ", ".join(jobs)}
        return HttpResponseBadRequest(text % known, content_type="text/plain")
    return launch_and_tell(request, lambda: task_launch(user=user, name=jobs[kind].name, actor=user))


def _list(request: HttpRequest) -> HttpResponse:
    """Show the kinds of export and, a page at a time, the member's exports with what can be done with each."""
    user = cast(User, request.user)
    options = export_options(user)
    by_name = {option.job.name: option for option in options.values()}
    tasks = user.tasks.ended().filter(name__in=by_name).select_related("archive")
    estimates = export_estimates(user, (option.job for option in options.values()))
    active = [option.active for option in options.values() if option.active]
    page = Paginator(tasks, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "options": [(option, estimates[option.job.name]) for option in options.values()],
        "page": page,
        "entries": [(task, by_name[task.name]) for task in page],
        "shown_here": {str(task.pk) for task in [*page, *active]},
        "retention_days": settings.EXPORT_RETENTION_DAYS,
        "max_archives": settings.EXPORT_MAX_ARCHIVES,
    }
    return render(request, "exports/list.html", context)
