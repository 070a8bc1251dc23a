"""Errors for programs, under /api/: problem details (RFC 9457) where people get a page."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse

from core.log_context import request_id

PREFIX = "/api/"
PAGES = frozenset({"/api/v1/docs"})
"""Pages for people among the addresses for programs."""
CONTENT_TYPE = "application/problem+json"


def is_api_request(request: HttpRequest) -> bool:
    """Return whether a program gets the answer."""
    return request.path.startswith(PREFIX) and request.path not in PAGES


def problem(status: int, detail: str, *, code: str = "", **more: Any) -> JsonResponse:
    """Return the answer to a request that failed; `code` tells programs why, by default the status in words."""
    title = HTTPStatus(status).phrase
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code or title.lower().replace(" ", "_"),
        "request_id": request_id(),
        **more,
    }
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
