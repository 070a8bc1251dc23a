"""The operations app."""

from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string

from operations.roles import roles_ensure
from operations.scrubbing import scrub_records


class OperationsConfig(AppConfig):
    """What those who run the site need: checks, metrics, logs, maintenance."""

    name = "operations"

    def ready(self) -> None:
        """Create the roles of staff after a migration, scrub log records, and report errors if SENTRY_DSN is set."""
        # Django sends the signal app by app; by auth's turn all permissions exist.
        post_migrate.connect(roles_ensure, sender=apps.get_app_config("auth"))
        scrub_records()
        if settings.SENTRY_DSN:
            import_string("operations.error_reports.start")()
