"""What a worker has ready before its first job, for the work-horses that it forks: one for each job.

What is imported, compiled or looked up only in a work-horse is made anew for each export: for a small one that was
most of its time.
"""

from django.conf import settings
from django.core.mail import get_connection
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation
from django.utils.module_loading import import_string

from exports.services.kinds import KINDS

TEMPLATES = (
    "emails/export_ready-subject.txt",
    "emails/export_ready-body.txt",
    "emails/_export_ready-opening.txt",
    "emails/_export_ready-facts.txt",
    "emails/base.html",
    "emails/_button.html",
    "exports/archive/index.html",
    "exports/archive/page.html",
    "exports/archive/_pager.html",
    "exports/archive/_header.html",
    "exports/archive/_title.html",
    "exports/archive/README.txt",
)
"""Those that exports and their mails are made of."""


def jobs_prepare() -> None:
    """Import what jobs run, compile their templates, and look up texts and addresses in every language."""
    for kind in KINDS.values():
        import_string(kind.function)
    get_connection()  # for mail; it opens nothing
    for name in TEMPLATES:
        get_template(name)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reverse("exports:list")
