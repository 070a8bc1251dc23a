"""The exports app."""

from django.apps import AppConfig
from django.utils.module_loading import import_string


class ExportsConfig(AppConfig):
    """Background jobs as members see them, and what exports leave behind."""

    name = "exports"

    def ready(self) -> None:
        """Have RQ believe nothing that it finds in Redis, and listen to the mail provider."""
        import_string("exports.services.registered_jobs.harden_rq")()
        import_string("exports.services.tracking.mail_event_note")
