"""Having an export mailed once more."""

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
