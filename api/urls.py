"""The addresses of the API, its reference, and the page of tokens."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from api import views
from api.v1 import api
from core.requests.bounds import BODY_LIMIT, takes_up_to
from imports.views import FORM_SIZE

app_name = "api"

v1, _app, namespace = api.urls
UPLOAD_SIZE = settings.IMPORT_MAX_SIZE + FORM_SIZE
for route in v1:
    if isinstance(route, URLPattern):  # nothing reads a body before the view, which checks the token first
        takes_up_to(UPLOAD_SIZE if route.name == "imports" else BODY_LIMIT)(route.callback)

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/tokens/", views.tokens, name="tokens"),
    path("accounts/tokens/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("api/v1/docs", views.docs, name="docs"),
    path("api/v1/openapi.json", views.openapi, name="openapi"),
    path("api/v1/", (v1, "api", namespace)),
]
