"""Whether the process is alive."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer `ok`, touching neither database nor queue: whether those are well is another question."""
    return HttpResponse("ok\n", content_type="text/plain")
