"""Errors inside the API's operations, as problem details."""

from collections.abc import Callable
from typing import Any, NoReturn

from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from core.requests.problems import problem

MAX_ERRORS = 20
"""Wrong values that an answer names; a request can have tens of thousands."""


class ProblemError(Exception):
    """Answers the request with problem details."""

    def __init__(
        self, status: int, detail: str, *, code: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(code or status)
        self.status = status
        self.detail = detail
        self.code = code
        self.headers = headers or {}
        self.more = more


def handle_errors(api: NinjaAPI) -> None:
    """Turn the errors of operations into problem details; leave what is unexpected to Django."""
    handlers: dict[type[Exception], Callable[..., HttpResponse]] = {
        ProblemError: _problem,
        Http404: _not_found,
        HttpError: _http_error,
        ValidationError: _invalid,
        MultiPartParserError: _no_form,
        UnreadablePostError: _cut_off,
        Exception: _unexpected,
    }
    for error, handler in handlers.items():
        api.add_exception_handler(error, handler)


def _problem(_request: HttpRequest, error: ProblemError) -> HttpResponse:
    response = problem(error.status, error.detail, code=error.code, **error.more)
    for name, value in error.headers.items():
        response[name] = value
    return response


def _not_found(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(404, _("There's nothing at this address."))


def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    """Return ninja's own refusal: of a body that is no JSON."""
    return problem(error.status_code, _("The body isn't valid JSON."))


def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Name the first wrong values by their place, and never repeat them."""
    first = error.errors[:MAX_ERRORS]
    errors = [{"pointer": _pointer(entry["loc"]), "detail": entry["msg"]} for entry in first]
    return problem(422, _("Some values are missing or wrong."), errors=errors)


def _pointer(place: tuple[str | int, ...]) -> str:
    """Return where the value is, such as `/body/kind`; ninja names the parameter in between."""
    source, *names = place
    return "/".join(["", str(source), *map(str, names[1:] if source == "body" else names)])


def _cut_off(_request: HttpRequest, _error: UnreadablePostError) -> HttpResponse:
    return problem(400, _("The body ended too early."))


def _no_form(_request: HttpRequest, _error: MultiPartParserError) -> HttpResponse:
    return problem(400, _("The body isn't valid multipart/form-data."))


def _unexpected(_request: HttpRequest, error: Exception) -> NoReturn:
    raise error
