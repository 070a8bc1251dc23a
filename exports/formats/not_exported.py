"""What the site holds about a member that is not in their archive, and why: for its README and docs/archive.md.

tests/exports/test_everything.py finds each table and column that is neither exported nor here.
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class NotExported(NamedTuple):
    """Something that is left out."""

    what: str | Promise
    reason: str | Promise
    columns: tuple[str, ...] = ()
    """`app.Model.column`; of a foreign key to the member it means the rows, unless another key exports them."""


NOT_EXPORTED = (
    NotExported(
        _("Your password, your API tokens' secrets, and the keys of your sessions"),
        _("The site keeps only digests of them. They say nothing about you, and help whoever wants to guess them."),
        ("accounts.User.password", "accounts.Session.session_key", "api.ApiToken.digest"),
    ),
    NotExported(
        _("Links that confirm an email address or set a new password"),
        _("They are secret, and the site doesn't store them."),
        ("account.EmailConfirmation.email_address",),
    ),
    NotExported(
        _("The files of your exports and imports"),
        _("You can download your exports on the site, and the imported files are yours already."),
        ("exports.Archive.file", "imports.Import.file"),
    ),
    NotExported(
        _("Other members' lists of conversations"),
        _("They are theirs. The archive has your own list, and the messages."),
        ("inbox.Conversation.partner",),
    ),
    NotExported(
        _("What you did as a member of staff"),
        _("It is about other people and about the site. What staff did to you is in the archive."),
        ("admin.LogEntry.user", "tasks.TaskEvent.actor", "tasks.QueuePause.by"),
    ),
    NotExported(
        _("Which members of staff did something to your account"),
        _("It is about them. The archive says what they did, and when."),
    ),
    NotExported(
        _("Staff's notes in the log about items that no longer exist"),
        _("The log doesn't say whose they were."),
    ),
    NotExported(
        _("Technical details of background tasks, such as the worker and the error's traceback"),
        _("They say how the machines ran, and nothing about you."),
        (
            "tasks.Task.queue",
            "tasks.Task.request_id",
            "tasks.Task.progress",
            "tasks.Task.done",
            "tasks.Task.total",
            "tasks.Task.failures",
            "tasks.Task.worker",
            "tasks.Task.heartbeat_at",
            "tasks.Task.queued_at",
            "tasks.Task.run_after",
            "tasks.Task.checkpoint",
            "tasks.Task.error_params",
            "tasks.Task.traceback",
            "tasks.TaskEvent.worker",
            "tasks.TaskEvent.detail",
            "exports.Archive.mail_id",
            "exports.Archive.mail_hang_ups",
            "exports.FailureEmail.mail_id",
        ),
    ),
    NotExported(
        _("Values that follow from others, such as row numbers and the search index"),
        _("They mean nothing outside the site."),
        (
            "accounts.User.is_active",
            "accounts.User.notification_cursor",
            "inbox.Conversation.newest",
            "posts.RemovedPost.post_id",
        ),
    ),
    NotExported(
        _("The site's logs, counts of failed sign-ins, and backups"),
        _("They aren't sorted by member, and are deleted after a while."),
    ),
)
