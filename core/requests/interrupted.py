"""Forms that are sent after the session has expired, or after a sign-in in another tab.

They lead back to their page, which says what wasn't done and shows the text again.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.requests.kept_forms import KEY, form_forget, form_keep, form_kept, written_in
from core.requests.redirects import is_background_request, next_url, referrer_url

NOT_DONE = {
    "posts:timeline": gettext_lazy("your post wasn't published"),
    "posts:remove": gettext_lazy("your post wasn't deleted"),
    "posts:restore": gettext_lazy("your post wasn't restored"),
    "accounts:follow": gettext_lazy("you don't follow this member yet"),
    "accounts:unfollow": gettext_lazy("you still follow this member"),
    "accounts:profile_edit": gettext_lazy("your profile wasn't saved"),
    "inbox:conversation": gettext_lazy("your message wasn't sent"),
    "notifications:dismiss": gettext_lazy("the alert wasn't dismissed"),
    "exports:list": gettext_lazy("no export was started"),
    "imports:list": gettext_lazy("no file was uploaded"),
    "imports:confirm": gettext_lazy("nothing was imported"),
    "imports:discard": gettext_lazy("the import wasn't discarded"),
    "imports:undo": gettext_lazy("the import wasn't undone"),
    "tasks:cancel": gettext_lazy("nothing was cancelled"),
    "tasks:retry": gettext_lazy("nothing was started again"),
    "exports:delete": gettext_lazy("the file wasn't deleted"),
    "exports:mail": gettext_lazy("no email was sent"),
    "accounts:delete": gettext_lazy("your account won't be deleted"),
    "accounts:delete_undo": gettext_lazy("your account will still be deleted"),
    "api:tokens": gettext_lazy("no token was made"),
    "api:revoke": gettext_lazy("the token wasn't revoked"),
    "account_email": gettext_lazy("your email address wasn't changed"),
    "account_change_password": gettext_lazy("your password wasn't changed"),
}


class InterruptedMiddleware(MiddlewareMixin):
    """Sends a visitor who submits a form while signed out to sign in, and then back to the form's page."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Redirect the visitor; a script gets 403 instead, and submits the form again as a browser does."""
        if isinstance(response, HttpResponseNotAllowed) and form_forget(request):
            return redirect("posts:timeline")  # the browser sent no Referer
        if request.method != "POST" or request.user.is_authenticated or not leads_to_sign_in(response):
            return response
        if is_background_request(request):
            return HttpResponseForbidden(_("Sign in first."), content_type="text/plain")
        form_keep(request)
        messages.info(request, _("You've been signed out. Sign in to go on."))
        return redirect_to_login(page_of_form(request))


def leads_to_sign_in(response: HttpResponse) -> bool:
    """Return whether the response redirects to the sign-in page."""
    address = urlsplit(response.get("Location", ""))
    return address.path in {reverse("account_login"), reverse("admin:login")} and "next" in parse_qs(address.query)


def page_of_form(request: HttpRequest) -> str:
    """Return the form's page, as the form or the browser names it, else the address that it was sent to."""
    return next_url(request, otherwise=referrer_url(request) or request.get_full_path())


@receiver(user_logged_in)
def tell_what_was_not_done(request: HttpRequest, **_signal: Any) -> None:
    """Tell the member what wasn't done, and keep the form for its page to show."""
    kept = form_kept(request)
    if kept and not kept["is_told"]:
        clause = NOT_DONE.get(kept["view_name"], _("your request wasn't completed"))
        text = _("You had been signed out, so %(clause)s. Try again.") % {"clause": clause}
        messages.warning(request, text)
        request.session[KEY] = {**kept, "is_told": True}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the page is out of date, as after a sign-in in another tab, and keep the form's text.

    A form from another site is neither kept nor shown.
    """
    context: dict[str, Any] = {}
    if comes_from_here(request):
        form_keep(request)
        context = {"page": page_of_form(request), "written": written_in(request).values()}
    return render(request, "403_csrf.html", context, status=403)


def comes_from_here(request: HttpRequest) -> bool:
    """Return whether the form came from this site, according to the browser."""
    origin = request.headers.get("Origin", "")
    return origin == f"{request.scheme}://{request.get_host()}" if origin else bool(referrer_url(request))
