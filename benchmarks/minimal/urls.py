"""One address, one view."""

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.urls import path

from notifications.models import Notification


def poll(request: HttpRequest) -> HttpResponse:
    """Answer with the member's notifications after `?since=`, by one query."""
    if not request.user.is_authenticated:
        return HttpResponseForbidden()
    cursor = round(float(request.GET["since"]) * 1_000_000)
    news = Notification.objects.filter(user=request.user, cursor__gt=cursor).order_by("cursor")
    answer = [{"name": one.name, "data": one.data, "timestamp": one.cursor / 1_000_000} for one in news]
    return JsonResponse(answer, safe=False)


urlpatterns = [path("notifications/", poll)]
