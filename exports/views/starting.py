"""Starting an export."""

from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.translation import gettext as _

from accounts.models import User
from core.requests.rate_limits import not_too_often
from exports.export_job import export_jobs
from tasks.services.launch import task_launch
from tasks.views import launch_and_tell


@not_too_often("export")
def start(request: HttpRequest) -> HttpResponse:
    """Start the export named by `kind`, unless one is in progress, and go back."""
    user = cast(User, request.user)
    kind, jobs = request.POST.get("kind", "posts"), export_jobs()
    if kind not in jobs:
        text = _("%(kind)s isn't a type of export. Choose one of: %(known)s.")
        known = {"kind": repr(kind[:64]), "known": ", ".join(jobs)}
        return HttpResponseBadRequest(text % known, content_type="text/plain")
    return launch_and_tell(request, lambda: task_launch(user=user, name=jobs[kind].name, actor=user))
