"""Addresses of members' cards and lists, and of their own settings; those of signing in are in `sign_in.urls`."""

from django.urls import path

from accounts.closing import views as closing
from accounts.members import views as members
from accounts.settings import views as settings

app_name = "accounts"
urlpatterns = [
    path("user/<str:username>/card/", members.card, name="card"),
    path("user/<str:username>/followers/", members.followers, name="followers"),
    path("user/<str:username>/following/", members.following, name="following"),
    path("user/<str:username>/follow/", members.follow, name="follow"),
    path("user/<str:username>/unfollow/", members.unfollow, name="unfollow"),
    path("accounts/profile/", settings.profile_edit, name="profile_edit"),
    path("accounts/language/", settings.language, name="language"),
    path("accounts/delete/", closing.delete, name="delete"),
    path("accounts/delete/undo/", closing.delete_undo, name="delete_undo"),
]
