"""A member's feed, which its secret address opens, and the page where they make or remove it."""

from typing import cast

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.settings.preferences import mail_language, member_time
from accounts.sign_in.reauthentication import require_password
from core.links import page_url
from core.requests.rate_limits import not_too_often
from notifications.feed import feed_as_xml
from notifications.models import Feed
from notifications.services import feed_create


@require_safe
@conditional_page
def feed(request: HttpRequest, key: str) -> HttpResponse:
    """Return the feed as Atom (RFC 4287), or 304 if the reader has it already; whoever has the address can read it."""
    found = get_object_or_404(Feed.objects.select_related("user"), key=key, user__is_active=True)
    with mail_language(found.user), member_time(found.user):
        xml = feed_as_xml(found)
    headers = {"Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex"}
    return HttpResponse(xml, content_type="application/atom+xml; charset=utf-8", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@not_too_often("change")
def settings(request: HttpRequest) -> HttpResponse:
    """Show whether the member has a feed; make one, or give it a new address (POST), and show the address once."""
    user = cast(User, request.user)
    if request.method != "POST":
        return render(request, "notifications/feed.html", {"feed": Feed.objects.filter(user=user).first()})
    require_password(request)
    address = page_url("notifications:feed_as_xml", feed_create(user=user))
    get_adapter().send_notification_mail(
        "account/email/feed_created", user, {"user": user, "feed_url": reverse("notifications:feed")}
    )
    response = render(request, "notifications/feed.html", {"address": address})
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@login_required
def remove(request: HttpRequest) -> HttpResponse:
    """Remove the member's feed: its address opens nothing from now on."""
    if Feed.objects.filter(user=cast(User, request.user)).delete()[0]:
        messages.info(request, _("Your feed is off. Its address no longer works."))
    else:
        messages.warning(request, _("Your feed is already off."))
    return HttpResponseRedirect(reverse("notifications:feed"))
