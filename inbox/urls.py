"""The addresses of private messages."""

from django.urls import path

from inbox import views

app_name = "inbox"
urlpatterns = [
    path("", views.conversations, name="conversations"),
    path("<str:username>/", views.conversation, name="conversation"),
]
