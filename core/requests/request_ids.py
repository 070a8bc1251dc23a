"""An id for each request, which the response and all log lines name."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.log_context import WELL_FORMED, bind_request

HEADER = "X-Request-ID"


def request_id_middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Use the id from a trusted proxy, or make one. The id stays bound, because Django logs errors after middleware."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "") if settings.ALLAUTH_TRUSTED_PROXY_COUNT else ""
        number = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(16)
        bind_request(number)
        response = get_response(request)
        response[HEADER] = number
        return response

    return middleware


@receiver(request_finished)
def forget(**_signal: object) -> None:
    """Unbind the id once the last byte is sent."""
    bind_request("")
