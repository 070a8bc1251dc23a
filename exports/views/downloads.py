"""The download of an archive by its owner, on the site's pages."""

import logging
from typing import cast

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.sign_in.reauthentication import signed_in_recently
from exports.models import Archive
from exports.serving import FileLostError, archive_response
from exports.storage.files import StorageUnavailableError

logger = logging.getLogger(__name__)


@require_safe
@login_required
def download(request: HttpRequest, pk: str) -> HttpResponseBase:
    """Serve one of the member's archives, and count the download. Long after sign-in, ask for the password first."""
    user = cast(User, request.user)
    archive = get_object_or_404(user.archives.available().select_related("task"), task_id=pk)
    if not signed_in_recently(request):
        raise ReauthenticationRequired  # allauth asks for the password, then redirects here
    try:
        return archive_response(request, archive)
    except Archive.DoesNotExist as error:
        raise Http404 from error
    except FileLostError:
        reason = _("This export's file is no longer available. Please request a new export.")
        return render(request, "404.html", {"reason": reason}, status=404)
    except StorageUnavailableError:
        logger.exception("Archive %s: the storage is unavailable", archive.pk)
        response = render(request, "exports/storage_unavailable.html", status=503)
        response["Retry-After"] = "120"  # seconds
        return response
