"""`/healthz` and `/readyz`, for supervisors and load balancers."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.health import CHECKS, worst
from operations.check_runner import log_change, run_side_by_side

TEXT = "text/plain"
TIME_LIMIT = 3.0  # seconds for a check


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer `ok`: the process is alive. `readyz` checks the database and the queue."""
    return HttpResponse("ok\n", content_type=TEXT)


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Return a line for each check, with 503 if one fails; `?exclude=<name>` leaves one out."""
    limits = {check: check.unready_from for check in CHECKS.values() if check.unready_from is not None}
    names = {check.name for check in limits}
    excluded = set(request.GET.getlist("exclude"))
    if excluded - names:
        return HttpResponseBadRequest(f"exclude= takes one of: {', '.join(sorted(names))}\n", content_type=TEXT)
    asked = [check for check in limits if check.name not in excluded]
    is_ready = {}
    for check, findings in run_side_by_side(asked, time_limit=TIME_LIMIT):
        log_change(check, findings)
        is_ready[check.name] = worst(findings) < limits[check]
    lines = "".join(f"{name} {'ok' if ready else 'failing'}\n" for name, ready in is_ready.items())
    return HttpResponse(lines, status=200 if all(is_ready.values()) else 503, content_type=TEXT)
