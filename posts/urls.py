"""The addresses of posts and of members' pages."""

from django.urls import path

from posts import cards, removing, views

app_name = "posts"
urlpatterns = [
    path("", views.timeline, name="timeline"),
    path("explore/", views.explore, name="explore"),
    path("posts/<int:pk>/", views.post, name="post"),
    path("posts/<int:pk>/remove/", removing.remove, name="remove"),
    path("posts/<int:pk>/restore/", removing.restore, name="restore"),
    path("user/<str:username>/", views.profile, name="profile"),
    path("user/<str:username>/card/", cards.card, name="card"),
    path("user/<str:username>/follow/", views.follow, name="follow"),
    path("user/<str:username>/unfollow/", views.unfollow, name="unfollow"),
    path("accounts/profile/", views.profile_edit, name="profile_edit"),
]
