"""Whether the process is alive, and whether it has all that it needs."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from operations.readiness import CHECKS, take_looks

TEXT = "text/plain"


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer `ok`, touching neither database nor queue: whether those are well is another question."""
    return HttpResponse("ok\n", content_type=TEXT)


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer a line for each thing that the site needs, with 503 if one fails; `?exclude=<name>` leaves one out."""
    excluded = set(request.GET.getlist("exclude"))
    if excluded - CHECKS.keys():
        return HttpResponseBadRequest(f"exclude= takes one of: {', '.join(CHECKS)}\n", content_type=TEXT)
    found = take_looks(name for name in CHECKS if name not in excluded)
    lines = "".join(f"{name} {'ok' if is_ok else 'failing'}\n" for name, is_ok in found.items())
    return HttpResponse(lines, status=200 if all(found.values()) else 503, content_type=TEXT)
