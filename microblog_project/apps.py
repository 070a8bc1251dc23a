"""The project's own app: what belongs to the whole site."""

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string

from microblog_project import pseudo_locale
from microblog_project.roles import roles_ensure
from microblog_project.scrubbing import scrub_records


class ProjectConfig(AppConfig):
    """Commands, template tags and the pseudo-locales."""

    name = "microblog_project"
    default = True

    def ready(self) -> None:
        """Make the roles of staff after a migration; report errors and offer pseudo-locales if the settings say so."""
        # Signals are sent an app at a time: at auth's turn all the permissions are there.
        post_migrate.connect(roles_ensure, sender=apps.get_app_config("auth"))
        scrub_records()
        if settings.SENTRY_DSN:
            import_string("microblog_project.error_reports.start")()
        if settings.PSEUDO_LOCALES:
            pseudo_locale.install()


class StaffConfig(admin_apps.AdminConfig):
    """Django's administration, on a site with rules of our own."""

    default_site = "microblog_project.staff_site.StaffSite"
    default = False
