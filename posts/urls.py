"""The addresses of posts."""

from django.urls import URLPattern

app_name = "posts"
urlpatterns: list[URLPattern] = []
