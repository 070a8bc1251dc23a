"""An app that registers the odd jobs."""

from django.apps import AppConfig
from django.utils.module_loading import import_string


class OddJobsConfig(AppConfig):
    name = "tests.faults"

    def ready(self) -> None:
        import_string("tests.faults.odd_jobs.register_all")()
