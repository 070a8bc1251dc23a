"""The queue's own dashboard, for superusers only: it can empty a queue."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern
from django.utils.translation import gettext_lazy, gettext_noop
from django_rq.admin import QueueAdmin
from django_rq.models import Dashboard
from redis.exceptions import RedisError
from rq.exceptions import DeserializationError, InvalidJobOperation, NoSuchJobError

from accounts.models import User

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]

# The dashboard's pages have styles and scripts inside; they are relaxed here and nowhere else.
RELAXED = {"style-src": [SELF, UNSAFE_INLINE], "script-src": [SELF, UNSAFE_INLINE]}

# What the dashboard raises for a queue, a job or a worker that is not there, or no longer.
NOT_FOUND = (
    AssertionError,
    DeserializationError,
    ImproperlyConfigured,
    InvalidJobOperation,
    LookupError,
    NoSuchJobError,
    ValueError,
)


# The dashboard's buttons, by the names of their addresses, and what the log says of each.
BUTTONS = {
    "delete_job": gettext_noop("Deleted a job"),
    "requeue_job": gettext_noop("Requeued a job"),
    "enqueue_job": gettext_noop("Queued a job"),
    "stop_job": gettext_noop("Stopped a job"),
    "clear": gettext_noop("Emptied the queue"),
    "requeue_all": gettext_noop("Requeued all failed jobs"),
    "delete_failed_jobs": gettext_noop("Deleted all failed jobs"),
}
CHOICES = {
    "delete": gettext_noop("Deleted jobs"),
    "requeue": gettext_noop("Requeued jobs"),
    "stop": gettext_noop("Stopped jobs"),
}


def log_button(request: HttpRequest) -> None:
    """Write into the log which of the dashboard's buttons was pressed, and for which jobs."""
    match = request.resolver_match
    name = (match.url_name or "").removeprefix("django_rq_") if match else ""
    words = CHOICES.get(request.POST.get("action", "")) if name == "actions" else BUTTONS.get(name)
    if match and words:
        jobs = request.POST.getlist("job_ids") or [match.kwargs.get("job_id", "")]
        LogEntry.objects.create(
            user=cast(User, request.user),
            content_type=ContentType.objects.get_for_model(Dashboard),
            object_repr=f"queue {match.kwargs['queue_index']} {' '.join(jobs)}".strip()[:200],
            action_flag=CHANGE,
            change_message=words,
        )


def for_superusers(view: View) -> View:
    """Return `view`, refused to all but superusers, with a policy under which it works."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.is_superuser:
            raise PermissionDenied
        try:
            response = view(request, *args, **kwargs)
        except NOT_FOUND as error:
            logger.warning("The queue's dashboard found nothing at %s", request.path, exc_info=True)
            raise Http404 from error
        except RedisError:
            logger.warning("The queue's dashboard cannot reach the queue server", exc_info=True)
            return render(request, "tasks/queue_unavailable.html", status=503)
        if request.method == "POST" and admin.site.has_permission(request):  # others were sent to sign in
            log_button(request)
        return response

    return csp_update(RELAXED)(guarded)


class SuperuserQueueAdmin(QueueAdmin):
    """django-rq's dashboard with each of its addresses behind the check."""

    name_in_index = gettext_lazy("Queues and jobs")  # django-rq's own is its name

    def get_urls(self) -> list[URLPattern]:
        """Return the dashboard's addresses, guarded, without those of rows: its model has no table."""
        every: list[URLPattern] = super().get_urls()  # type: ignore[no-untyped-call]
        patterns = [pattern for pattern in every if "object_id" not in pattern.pattern.converters]
        for pattern in patterns:
            pattern.callback = for_superusers(self.admin_site.admin_view(pattern.callback))
        return patterns

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Return no: there is nothing to add."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the admin's index shows the dashboard."""
        return bool(request.user.is_active and request.user.is_superuser)


admin.site.unregister(Dashboard)
admin.site.register(Dashboard, SuperuserQueueAdmin)
