"""The exports app."""

from django.apps import AppConfig
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django_rq.apps import DjangoRqAdminConfig


class ExportsConfig(AppConfig):
    """Background jobs as members see them, and what exports leave behind."""

    name = "exports"
    verbose_name = _("Exports")
    default = True

    def ready(self) -> None:
        """Have RQ believe nothing that it finds in Redis, and listen to the mail provider."""
        import_string("exports.services.registered_jobs.harden_rq")()
        import_string("exports.services.tracking.mail_event_note")


class QueueConfig(DjangoRqAdminConfig):
    """The queue, under a name that staff can read."""

    verbose_name = _("Queue")
