"""The addresses of notifications."""

from django.urls import path

from notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.poll, name="poll"),
    path("<int:pk>/dismiss/", views.dismiss, name="dismiss"),
]
