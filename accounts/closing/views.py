"""The page on which members delete their account, and change their mind."""

from typing import cast

from allauth.account.forms import ReauthenticateForm
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.closing.deletion import deletion_request, deletion_undo
from accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    """Explain what deleting the account means; with the password (POST), schedule it."""
    user = cast(User, request.user)
    form = ReauthenticateForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_bound:
        if refusal := ratelimit.consume_or_429(request, action="reauthenticate", user=user):
            return refusal
        if form.is_valid():
            if not deletion_request(user=user, session_key=request.session.session_key) and not user.is_staff:
                messages.warning(request, _("You have already requested this."))
            return redirect("accounts:delete")
    context = {"form": form, "grace_days": settings.ACCOUNT_DELETION_GRACE_DAYS}
    return render(request, "accounts/delete.html", context, status=422 if form.is_bound else 200)


@require_POST
@login_required
def delete_undo(request: HttpRequest) -> HttpResponse:
    """Cancel the deletion."""
    if deletion_undo(user=cast(User, request.user)):
        messages.success(request, _("Your account won't be deleted. We're glad you're staying."))
    else:
        messages.warning(request, _("Your account isn't scheduled for deletion."))
    return redirect("posts:timeline")
