"""The addresses of the member's own affairs; what concerns signing in is django-allauth's."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("language/", views.language, name="language"),
    path("delete/", views.delete, name="delete"),
    path("delete/undo/", views.delete_undo, name="delete_undo"),
]
