"""The addresses of posts and of members' pages."""

from django.urls import path

from posts import cards, follows, removing, views
from posts.search.views import search

app_name = "posts"
urlpatterns = [
    path("", views.timeline, name="timeline"),
    path("explore/", views.explore, name="explore"),
    path("search/", search, name="search"),
    path("posts/<int:pk>/", views.post, name="post"),
    path("posts/<int:pk>/remove/", removing.remove, name="remove"),
    path("posts/<int:pk>/restore/", removing.restore, name="restore"),
    path("user/<str:username>/", views.profile, name="profile"),
    path("user/<str:username>/card/", cards.card, name="card"),
    path("user/<str:username>/followers/", follows.followers, name="followers"),
    path("user/<str:username>/following/", follows.following, name="following"),
    path("user/<str:username>/follow/", follows.follow, name="follow"),
    path("user/<str:username>/unfollow/", follows.unfollow, name="unfollow"),
    path("accounts/profile/", views.profile_edit, name="profile_edit"),
]
