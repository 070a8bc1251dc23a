"""The poll, and dismissing an alert."""

from django.contrib.auth.decorators import login_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseForbidden,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from core.requests.redirects import is_background_request, next_url
from notifications.alerts import data_in_words
from notifications.cursors import cursor_from_text, cursor_to_seconds
from notifications.models import Notification
from notifications.services import notification_dismiss, quiet_poll_send


@require_GET
@never_cache
def poll(request: HttpRequest) -> HttpResponse:
    """Return the member's notifications after `?since=<timestamp of the last one seen>`, oldest first.

    Usually there are none, and `notifications.unchanged` has answered.
    """
    user = request.user
    if not isinstance(user, User):
        return HttpResponseForbidden(_("Sign in to see your notifications."), content_type="text/plain")
    since = request.GET.get("since", "0")
    try:
        cursor = cursor_from_text(since)
    except ValueError:
        return HttpResponseBadRequest(
            _("since=%(value)s cannot be read. Send the timestamp of the last notification, or leave it out.")
            % {"value": repr(since[:64])},
            content_type="text/plain",
        )
    if user.notification_cursor > cursor:
        return JsonResponse([as_json(item) for item in user.notifications.after(cursor)], safe=False)
    quiet_poll_send(user)
    return JsonResponse([], safe=False)


def as_json(notification: Notification) -> dict[str, object]:
    """Return a notification as the poll sends it, in the reader's language."""
    return {
        "name": notification.name,
        "data": data_in_words(notification.name, notification.data),
        "timestamp": cursor_to_seconds(notification.cursor),
    }


@require_POST
@login_required
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Dismiss one of the member's alerts, and go back to the page `next`; a script stays on its page."""
    notification_dismiss(get_object_or_404(Notification, user=request.user, pk=pk))
    return HttpResponse(status=204) if is_background_request(request) else HttpResponseRedirect(next_url(request))
