"""The addresses of posts, and of the profile that lists a member's."""

from django.urls import path

from posts import views
from posts.search.views import search

app_name = "posts"
urlpatterns = [
    path("", views.timeline, name="timeline"),
    path("explore/", views.explore, name="explore"),
    path("search/", search, name="search"),
    path("posts/<int:pk>/", views.post, name="post"),
    path("posts/<int:pk>/remove/", views.remove, name="remove"),
    path("posts/<int:pk>/restore/", views.restore, name="restore"),
    path("user/<str:username>/", views.profile, name="profile"),
]
