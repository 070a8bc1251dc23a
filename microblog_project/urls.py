"""The addresses of the site."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from microblog_project import dev_mail
from microblog_project.health import healthz

# The admin's sign-in is the site's own: verified addresses, rate limits, and one place to get right.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "microblog_project.error_pages.bad_request"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("posts.urls")),
    path("exports/", include("exports.urls")),
    path("notifications/", include("notifications.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
]

if settings.DEBUG:
    urlpatterns += [
        path("dev/mail/", dev_mail.index, name="dev_mail_index"),
        path("dev/mail/<str:name>/", dev_mail.show, name="dev_mail"),
        path("dev/mail/<str:name>/<int:number>/", dev_mail.attachment, name="dev_mail_attachment"),
    ]
