"""The addresses of imports."""

from django.urls import path

from imports import views

app_name = "imports"
urlpatterns = [
    path("", views.index, name="list"),
    path("<uuid:pk>/", views.detail, name="import"),
    path("<uuid:pk>/confirm/", views.confirm, name="confirm"),
    path("<uuid:pk>/discard/", views.discard, name="discard"),
    path("<uuid:pk>/undo/", views.undo, name="undo"),
    path("<uuid:pk>/left-out.csv", views.left_out, name="left_out"),
]
