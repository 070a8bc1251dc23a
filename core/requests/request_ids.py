"""Gives each request an id, by which its lines are found in all logs, and by which a member can name it to us."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.log_context import WELL_FORMED, begin_request, end_request

HEADER = "X-Request-ID"


class RequestIdMiddleware:
    """Takes the id that a proxy in front has given, or makes one; the answer names it. It comes first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request on its own behalf; Django itself has something to log after all middleware."""
        number = id_of(request)
        begin_request(number)
        response = self.get_response(request)
        response[HEADER] = number
        return response


@receiver(request_finished)
def forget(**_signal: object) -> None:
    """Name the request no more: its answer is sent, to the last byte of a download."""
    end_request()


def id_of(request: HttpRequest) -> str:
    """Return the id from the proxy if there is one in front: what comes from elsewhere anybody can make up."""
    given = request.headers.get(HEADER, "") if settings.ALLAUTH_TRUSTED_PROXY_COUNT else ""
    return given if WELL_FORMED.fullmatch(given) else secrets.token_hex(16)
