"""Version 1 of the API, and its OpenAPI document."""

from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_noop
from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema

from api import exports, imports
from api.authentication import Bearer
from api.errors import handle_errors
from api.resources import Problem
from core.requests.problems import CONTENT_TYPE

FILE = {
    "application/zip": {"schema": {"type": "string", "format": "binary"}},
    "application/json": {"schema": {"type": "object"}},
}
EVERYWHERE = (400, 401, 403, 413, 429, 500, 503)
FILES: dict[str, dict[str, Any]] = {
    "download_export": {
        "200": {"description": "OK", "content": FILE},
        "206": {"description": "Partial Content", "content": FILE},
        "302": {"description": "Found"},
        "304": {"description": "Not Modified"},
    },
    "list_left_out": {"200": {"description": "OK", "content": {"text/csv": {"schema": {"type": "string"}}}}},
}
"""The answers that are no JSON, by the operation."""
MORE_ERRORS = {"download_export": (409, 412, 416), "upload_import": (507,)}


class Api(NinjaAPI):
    """ninja's API, with an OpenAPI document that tells also what ninja does not know of."""

    def get_openapi_operation_id(self, operation: Any) -> str:
        """Return the function's name."""
        return str(operation.view_func.__name__)

    def get_openapi_schema(self, **_path: Any) -> OpenAPISchema:
        """Return the document: with scopes, errors and files, and without HEAD, which each GET has."""
        document = super().get_openapi_schema(path_prefix=reverse("api:v1:api-root"))
        scopes = _scopes(self)
        for path, methods in document["paths"].items():
            methods.pop("head", None)
            for method, operation in methods.items():
                name = operation["operationId"]
                operation["x-scope"] = scopes[name]
                operation["responses"] = {
                    **{str(status): answer for status, answer in operation["responses"].items()},
                    **FILES.get(name, {}),
                    **{str(status): _problem(status) for status in _errors(path, method, operation)},
                }
        schema = Problem.model_json_schema(ref_template=REF_TEMPLATE)
        document["components"]["schemas"] |= schema.pop("$defs") | {"Problem": schema}
        return document


def _scopes(api: NinjaAPI) -> dict[str, str]:
    """Return the scope that each operation needs."""
    views = [view for _prefix, router in api._routers for view in router.path_operations.values()]
    operations = [operation for view in views for operation in view.operations if operation.auth_callbacks]
    return {operation.view_func.__name__: cast(Bearer, operation.auth_callbacks[0]).scope for operation in operations}


def _errors(path: str, method: str, operation: dict[str, Any]) -> list[int]:
    statuses = {*EVERYWHERE, *MORE_ERRORS.get(operation["operationId"], ())}
    statuses |= {404} if "{id}" in path else set()
    statuses |= {409} if method in {"post", "delete"} else set()
    statuses |= {415, 422} if "requestBody" in operation else {422} if operation["parameters"] else set()
    return sorted(statuses)


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": REF_TEMPLATE.format(model="Problem")}
    return {"description": HTTPStatus(status).phrase, "content": {CONTENT_TYPE: {"schema": schema}}}


api = Api(
    title="Microblog",
    version="1.0.0",
    description=gettext_noop("Export and import your data with programs."),
    openapi_url=None,  # `api.views` has both
    docs_url=None,
    urls_namespace="v1",
    servers=[{"url": settings.SITE_URL}],
    openapi_extra={
        "info": {"license": {"name": "MIT", "identifier": "MIT"}, "contact": {"url": settings.SITE_URL}},
        "tags": [
            {"name": "Exports", "description": "Copies of the member's data."},
            {"name": "Imports", "description": "Archives of other services, and of this one."},
        ],
    },
)
api.add_router("/exports", exports.router)
api.add_router("/imports", imports.router)
handle_errors(api)
