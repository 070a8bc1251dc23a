"""The addresses of exports."""

from django.urls import path

from exports import views
from tasks import views as task_views

app_name = "exports"
urlpatterns = [
    path("", views.index, name="list"),
    # Pages of the previous release that are still open send their forms here.
    path("<uuid:pk>/cancel/", task_views.cancel),
    path("<uuid:pk>/retry/", task_views.retry),
    path("<uuid:pk>/delete/", views.delete, name="delete"),
    path("<uuid:pk>/mail/", views.mail, name="mail"),
    path("<uuid:pk>/download/", views.download, name="download"),
]
