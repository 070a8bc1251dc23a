"""The URLs of exports."""

from django.urls import path

from exports.views import downloads, overview, schedule
from tasks import views as task_views

app_name = "exports"
urlpatterns = [
    path("", overview.index, name="list"),
    # Pages of the previous release that are still open send their forms here.
    path("<uuid:pk>/cancel/", task_views.cancel),
    path("<uuid:pk>/retry/", task_views.retry),
    path("schedule/", schedule.save, name="schedule"),
    path("schedule/stop/", schedule.stop, name="schedule_stop"),
    path("schedule/resume/", schedule.resume, name="schedule_resume"),
    path("<uuid:pk>/delete/", overview.delete, name="delete"),
    path("<uuid:pk>/mail/", overview.mail, name="mail"),
    path("<uuid:pk>/download/", downloads.download, name="download"),
]
