"""The addresses of tasks."""

from django.urls import path

from tasks import views

app_name = "tasks"
urlpatterns = [
    path("<slug:name>/start/", views.start, name="start"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/retry/", views.retry, name="retry"),
]
