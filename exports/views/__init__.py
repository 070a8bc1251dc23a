"""What members do with their exports."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from exports.views.deleting import delete
from exports.views.downloading import download
from exports.views.history import history
from exports.views.mailing import mail
from exports.views.starting import start

__all__ = ["delete", "download", "index", "mail"]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Start an export (POST) or list the member's exports (GET)."""
    return start(request) if request.method == "POST" else history(request)
