"""`manage.py shell`: Python with the site at hand."""

from django.core.management.commands import shell

MORE = [
    "django.conf.settings",
    "django.utils.timezone",
    "tasks.services.launch.task_launch",
    "notifications.services.notify",
]
# A table that stays empty; the sessions of this site are `accounts.models.Session`.
UNUSED = "django.contrib.sessions.models.Session"


class Command(shell.Command):
    """Django's own, which brings all models, and what one wants to do with them."""

    def get_auto_imports(self) -> list[str]:
        """Return the paths of what is there without an import."""
        return [path for path in super().get_auto_imports() or [] if path != UNUSED] + MORE
