"""The addresses of a development site. Imported when a test runs: before that DEBUG is on, for the site's own too."""

from django.urls import include, path

from development import mail_viewer
from microblog_project.urls import urlpatterns as site_urls

urlpatterns = [*site_urls, path("dev/mail/", include(mail_viewer.urlpatterns))]
