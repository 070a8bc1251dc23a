"""The member's settings: their profile, and the language they read in."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from accounts.models import User
from accounts.settings.forms import ProfileForm
from accounts.settings.preferences import member_language
from accounts.sign_in.reauthentication import require_password
from core.requests.kept_forms import fields_kept
from core.requests.rate_limits import may_save, render_form


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile_edit(request: HttpRequest) -> HttpResponse:
    """Let the member change what others see of them, and how they see the site."""
    user = User.objects.get(pk=cast(User, request.user).pk)  # a copy: what is rejected must not show in the header
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=user, initial=fields_kept(request))
    if may_save(request, form, "change"):
        if form.is_rename:
            require_password(request)
        if form.save_unless_taken():
            with member_language(user):  # they may just have chosen another
                messages.success(request, _("Your profile has been saved."))
            return redirect(user)
    return render_form(request, "accounts/profile_edit.html", {"form": form})


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie, and a member's in their profile too; go back to the page `next`."""
    code = request.POST.get("language", "")
    if code not in dict(settings.LANGUAGES):
        message = _("The site isn't available in the language %(code)s. Choose one of: %(offered)s.")
        raise BadRequest(message % {"code": repr(code[:12]), "offered": ", ".join(dict(settings.LANGUAGES))})
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=code)
    return set_language(request)
