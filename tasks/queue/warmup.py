"""What a worker prepares before its first job, for the processes that it forks: one for each job.

What the forked process itself imports, compiles or looks up, every job does again: for a small job that was most of
its time.
"""

from django.conf import settings
from django.core.mail import get_connection
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation
from django.utils.formats import get_format
from django.utils.module_loading import import_string

from tasks.registry import FUNCTIONS, JOBS


def jobs_warm_up() -> None:
    """Import what jobs run, compile their templates, and look up texts and addresses in every language."""
    for function in FUNCTIONS:
        import_string(function)
    get_connection()  # for email; it opens nothing
    for name in {name for job in JOBS.values() for name in job.warmup_templates}:
        get_template(name)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reverse("notifications:poll")
            get_format("DATETIME_FORMAT")
