"""The addresses of exports."""

from django.urls import path

from exports import views

app_name = "exports"
urlpatterns = [
    path("", views.index, name="list"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/retry/", views.retry, name="retry"),
    path("<uuid:pk>/delete/", views.delete, name="delete"),
    path("<uuid:pk>/mail/", views.mail, name="mail"),
    path("<uuid:pk>/download/", views.download, name="download"),
]
