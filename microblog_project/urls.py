"""The addresses of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from microblog_project import dev_mail
from microblog_project.health import healthz, readyz
from microblog_project.mail_tracking import tracking_urls
from microblog_project.metrics.view import metrics

handler400 = "microblog_project.error_pages.bad_request"
handler429 = "microblog_project.error_pages.too_many_requests"
handler500 = "microblog_project.error_pages.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("posts.urls")),
    path("exports/", include("exports.urls")),
    path("messages/", include("inbox.urls")),
    path("notifications/", include("notifications.urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("accounts.account_urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    *tracking_urls(settings.MAIL_PROVIDER, settings.ANYMAIL),
]

if settings.DEBUG and dev_mail.is_in_use():
    urlpatterns += [path("dev/mail/", include(dev_mail.urlpatterns))]
