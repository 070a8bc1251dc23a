"""The list of a member's exports."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from exports.services.kinds import EXPORT_KINDS

HISTORY_LENGTH = 50


def history(request: HttpRequest) -> HttpResponse:
    """Show the member's latest exports, with what can be done with each."""
    user = cast(User, request.user)
    tasks = user.tasks.filter(name__in=EXPORT_KINDS.values()).select_related("archive")[:HISTORY_LENGTH]
    return render(request, "exports/list.html", {"tasks": tasks})
