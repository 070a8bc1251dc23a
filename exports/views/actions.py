"""Delete an export's file, or email it again."""

import logging
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.sign_in.reauthentication import password_required
from core.requests.rate_limits import not_too_often
from core.requests.redirects import next_url
from exports.delivery.archive_email import mail_again
from exports.models.archive import Removal
from exports.storage.cleanup import archive_discard

logger = logging.getLogger(__name__)


@require_POST
@login_required
def delete(request: HttpRequest, pk: str) -> HttpResponse:
    """Delete the file of one of the member's exports now; its place in the list stays."""
    user = cast(User, request.user)
    archive = get_object_or_404(user.archives.select_related("task__user"), task_id=pk)
    try:
        deleted = archive_discard(archive, Removal.DELETED)
    except Exception:  # whatever a storage raises
        logger.exception("The file of archive %s could not be deleted", archive.pk)
        messages.error(request, _("We couldn't delete the file. Please try again in a few minutes."))
    else:
        if deleted:
            messages.info(request, _("The file was deleted."))
        else:
            messages.warning(request, _("We no longer have that file."))
    return HttpResponseRedirect(next_url(request, otherwise=reverse("exports:list")))


@require_POST
@login_required
@password_required
@not_too_often("export")
def mail(request: HttpRequest, pk: str) -> HttpResponse:
    """Mail one of the member's exports again, to the address that they have now."""
    user = cast(User, request.user)
    archive = get_object_or_404(user.archives.select_related("task"), task_id=pk)
    if mail_again(archive):
        messages.info(request, _("The email is on its way."))
    else:
        messages.warning(request, _("That email is already on its way, or we no longer have the file."))
    return HttpResponseRedirect(next_url(request, otherwise=reverse("exports:list")))
