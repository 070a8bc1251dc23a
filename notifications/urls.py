"""The addresses of notifications."""

from django.urls import path

from notifications import feed_views, views

app_name = "notifications"
urlpatterns = [
    path("", views.poll, name="poll"),
    path("<int:pk>/dismiss/", views.dismiss, name="dismiss"),
    path("feed/", feed_views.settings, name="feed"),
    path("remove-feed/", feed_views.remove, name="remove_feed"),
    # A slug cannot be a digest, as the table has it. The name `key` keeps it out of the logs.
    path("feed/<slug:key>/", feed_views.feed, name="feed_as_xml"),
]
