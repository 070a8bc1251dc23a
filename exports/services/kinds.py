"""The kinds of task that there are: what each is called, and which function a worker runs for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exports.models import Task


@dataclass(frozen=True)
class TaskKind:
    """What launching a task by name needs to know."""

    name: str
    description: str | Promise
    """For the member, while it runs."""
    function: str
    """The job's dotted path: an import here would make a circle, and RQ takes a path as well."""
    arguments: Callable[[Task], tuple[Any, ...]] = lambda task: (str(task.pk),)
    label: str | Promise = ""
    """What it is called where a member chooses among exports."""
    contents: str | Promise = ""
    """What is in it, in a sentence."""


EXAMPLE = "example"
EXPORT_POSTS = "export_posts"
EXPORT_ARCHIVE = "export_archive"

KINDS = {
    kind.name: kind
    for kind in (
        TaskKind(
            EXPORT_POSTS,
            _("Exporting posts..."),
            "exports.jobs.export_posts",
            label=_("Your posts"),
            contents=_("All that you have written and when, in one file for programs: posts.json."),
        ),
        TaskKind(
            EXPORT_ARCHIVE,
            _("Exporting everything..."),
            "exports.jobs.export_archive",
            label=_("Complete archive"),
            contents=_(
                "Everything that is yours in one ZIP file: your posts for programs and for a spreadsheet, your "
                "profile, your messages, whom you follow and who follows you, a page to read without a network, and "
                "all in the form Mastodon uses."
            ),
        ),
        TaskKind(
            EXAMPLE, _("Counting seconds..."), "exports.jobs.example", lambda task: (int(task.params["seconds"]),)
        ),
    )
}

# The `kind` of `POST /exports/` -> the task's name.
EXPORT_KINDS = {"posts": EXPORT_POSTS, "archive": EXPORT_ARCHIVE}


def task_is_known(task: Task) -> bool:
    """Return whether this code can run the task: its row may be older than the code, or newer."""
    try:
        KINDS[task.name].arguments(task)
    except (KeyError, TypeError, ValueError):
        return False
    return True
