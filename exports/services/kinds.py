"""The kinds of task that there are: what each is called, and which function a worker runs for it."""

from collections.abc import Callable
from dataclasses import dataclass

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
    read_params: Callable[[Task], object] = lambda _task: None
    """Reads what the job needs of the row's parameters; raises KeyError, TypeError or ValueError if it cannot."""
    label: str | Promise = ""
    """What it is called where a member chooses among exports."""
    action: str | Promise = ""
    """What the button says that requests it."""
    contents: str | Promise = ""
    """What is in it, in a sentence."""


EXAMPLE = "example"
EXPORT_POSTS = "export_posts"
EXPORT_ARCHIVE = "export_archive"
DELIVER_ARCHIVE = "exports.jobs.deliver_archive"
"""The job that mails an archive. It is no task of its own: its argument is the id of the export's task."""
DELIVER_FAILURE = "exports.jobs.deliver_failure"
"""The job that emails a member about the failure of a task. Its argument is that task's id."""

KINDS = {
    kind.name: kind
    for kind in (
        TaskKind(
            EXPORT_POSTS,
            _("Exporting posts..."),
            "exports.jobs.export_posts",
            label=_("Posts only (JSON)"),
            action=_("Request your posts"),
            contents=_("Every post you've written, with its date, in one machine-readable file: posts.json."),
        ),
        TaskKind(
            EXPORT_ARCHIVE,
            _("Exporting everything..."),
            "exports.jobs.export_archive",
            label=_("Complete archive"),
            action=_("Request the complete archive"),
            contents=_(
                "All your data in one ZIP file: your posts, profile, messages, and the people you follow and who "
                "follow you. It includes pages you can read and search offline, a spreadsheet of your posts, and "
                "files that Mastodon-compatible tools can read."
            ),
        ),
        TaskKind(EXAMPLE, _("Counting seconds..."), "exports.jobs.example", lambda task: int(task.params["seconds"])),
    )
}

# The `kind` of `POST /exports/` -> the task's name, in the order in which they are offered.
EXPORT_KINDS = {"archive": EXPORT_ARCHIVE, "posts": EXPORT_POSTS}


def task_is_known(task: Task) -> bool:
    """Return whether this code can run the task: its row may be older than the code, or newer."""
    try:
        KINDS[task.name].read_params(task)
    except (KeyError, TypeError, ValueError):
        return False
    return True


def job_functions() -> frozenset[str]:
    """Return the dotted paths of all that a worker runs, and nothing else: a job's only argument is a task's id."""
    return frozenset({DELIVER_ARCHIVE, DELIVER_FAILURE, *(kind.function for kind in KINDS.values())})
