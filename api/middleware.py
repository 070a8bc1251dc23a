"""What holds for every request to the API, whatever answers it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from api.limits import set_limit_headers
from core.requests.problems import CONTENT_TYPE, is_api_request, problem

DETAILS = {
    400: gettext_lazy("The request is malformed."),
    403: gettext_lazy("You don't have permission to do this."),
    404: gettext_lazy("There's nothing at this address."),
    405: gettext_lazy("This address doesn't support this method. The Allow header lists the ones it does."),
    412: gettext_lazy("The file doesn't meet the request's conditions (If-Match)."),
    413: gettext_lazy("The request is too large."),
    416: gettext_lazy("The file doesn't have these bytes."),
    429: gettext_lazy("You've done this too often in a short time. Wait and try again."),
    503: gettext_lazy("The site isn't available right now. Try again in a few minutes."),
    507: gettext_lazy("We're out of space for files right now. Try again later."),
}


class ApiMiddleware:
    """Hides cookies from the API, and turns every error into problem details, also those of other middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if not is_api_request(request):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        if response.status_code >= 400 and response["Content-Type"] != CONTENT_TYPE:  # noqa: PLR2004
            response = _as_problem(request, response)
        response["Cache-Control"] = "private, no-store"
        set_limit_headers(request, response)
        return response


def _as_problem(request: HttpRequest, page: HttpResponseBase) -> HttpResponse:
    """Return problem details with the headers of an error page."""
    language = getattr(request, "LANGUAGE_CODE", "") or translation.get_language_from_request(request)
    with translation.override(language):
        detail = DETAILS.get(page.status_code) or _("Something went wrong on our side. Our team has been notified.")
        response = problem(page.status_code, str(detail))
    for name, value in page.items():
        if name not in {"Content-Type", "Content-Length", "Content-Disposition"}:
            response[name] = value
    response["Content-Length"] = str(len(response.content))
    return response
