"""Handing an archive to its owner."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from exports.models import Archive


@require_GET
@login_required
def download(request: HttpRequest, pk: str) -> HttpResponseBase:
    """Stream one of the member's archives to them, and count the download."""
    user = cast(User, request.user)
    archive = get_object_or_404(user.archives.available(), task_id=pk)
    try:
        file = archive.file.open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The file of this export is gone. Please start a new export.")) from error
    Archive.objects.filter(pk=archive.pk).update(download_count=F("download_count") + 1)
    response = FileResponse(file, as_attachment=True, filename=archive.filename, content_type=archive.content_type)
    response["Cache-Control"] = "private, no-store"
    return response
