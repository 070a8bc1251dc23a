"""The addresses of the site, and a page that fails. Imported when a test runs: before that DEBUG is on."""

from django.urls import path
from django.views.generic import TemplateView

from microblog_project.urls import urlpatterns as site_urls

urlpatterns = [*site_urls, path("broken/", TemplateView.as_view(template_name="no such template"))]
