"""The addresses of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from development import mail_viewer
from exports.delivery.tracking import tracking_urls
from operations.health import healthz, readyz
from operations.metrics.view import metrics

handler400 = "core.requests.error_pages.bad_request"
handler429 = "core.requests.error_pages.too_many_requests"
handler500 = "core.requests.error_pages.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("posts.urls")),
    path("exports/", include("exports.urls")),
    path("imports/", include("imports.urls")),
    path("tasks/", include("tasks.urls")),
    path("messages/", include("inbox.urls")),
    path("notifications/", include("notifications.urls")),
    path("", include("api.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("accounts.sign_in.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    *tracking_urls(settings.MAIL_PROVIDER, settings.ANYMAIL),
]

if settings.DEBUG and mail_viewer.is_in_use():
    urlpatterns += [path("dev/mail/", include(mail_viewer.urlpatterns))]
