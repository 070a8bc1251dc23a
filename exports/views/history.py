"""The page of a member's exports: what they can start, and what became of what they started."""

from typing import cast

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from exports.options import export_options
from exports.size_estimates import export_estimates

PAGE_SIZE = 20


def history(request: HttpRequest) -> HttpResponse:
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
