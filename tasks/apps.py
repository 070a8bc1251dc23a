"""The tasks app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules, import_string
from django.utils.translation import gettext_lazy as _
from django_rq.apps import DjangoRqAdminConfig


class TasksConfig(AppConfig):
    """Background jobs of any kind, as members, staff and operators see them."""

    name = "tasks"
    verbose_name = _("Tasks")
    default = True

    def ready(self) -> None:
        """Find every app's jobs and periodic work, and have RQ believe nothing that it finds in Redis."""
        autodiscover_modules("jobs", "periodic")
        import_string("tasks.queue.registered_jobs.harden_rq")()


class QueueConfig(DjangoRqAdminConfig):
    """The queue, under a name that staff can read."""

    verbose_name = _("Queue")
    default = False
