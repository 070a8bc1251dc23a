"""The kinds of export, and the emails that are sent later."""

import re
from contextlib import closing

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.member_data import Part
from accounts.models import User
from accounts.validators import MAX_LENGTH
from core.links import absolute_url
from exports.building.member_data import (
    chosen_lists,
    conversations_records,
    member_counts,
    member_profile,
    messages_records,
    people_records,
    posts_count,
)
from exports.building.snapshot import posts_batches
from exports.delivery.archive_email import archive_deliver
from exports.delivery.failure_email import failure_email_deliver
from exports.export_job import Draft, ExportJob
from exports.formats.archive import Source, write_archive
from exports.formats.posts_json import write_posts
from exports.formats.rows import Skipped
from exports.models import Archive
from tasks.registry import EARLIER_NAMES, RUN, background, register

LONGEST_TRACE = 100_000
"""Code points of a traceback that staff are shown."""

# Names of the previous release, which queued every task by a function of this module.
EARLIER_NAMES.update({f"exports.jobs.{name}": RUN for name in ("export_posts", "export_archive", "example")})


@register
class ArchiveExport(ExportJob):
    """Write everything that is the member's to one ZIP."""

    name = "export_archive"
    kind = "archive"
    label = _("Archive")
    description = _("Exporting your archive...")
    unit = _("entries")
    action = _("Request the complete archive")
    contents = _(
        "All your data in one ZIP file: your posts, profile, messages, the people you follow and who follow you, and "
        "everything else we hold about your account. It includes pages you can read and search offline, a spreadsheet "
        "of your posts, and files that Mastodon-compatible tools can read."
    )
    content_type = "application/zip"
    is_recommended = True
    parts = frozenset(Part)
    large_tables = ("posts", "messages_sent", "messages_received")
    warmup_templates = (
        *ExportJob.warmup_templates,
        "exports/archive/index.html",
        "exports/archive/page.html",
        "exports/archive/account.html",
        "exports/archive/_pager.html",
        "exports/archive/_header.html",
        "exports/archive/_title.html",
        "exports/archive/README.txt",
    )

    @property
    def filename(self) -> str:
        """Return such as `microblog-susan-2026-11-28.zip`."""
        # Staff can have been given a name of any length and signs, and `susan.exe` would look like a program to some.
        username = re.sub(r"[^A-Za-z0-9_-]+", "-", self.task.member.username)[:MAX_LENGTH]
        return f"microblog-{username}-{self.task.created_at:%Y-%m-%d}.zip"

    def counts(self, user: User) -> dict[str, int]:
        """Return how many records of each sort there are."""
        return member_counts(user, self.choice)

    def write(self, draft: Draft) -> tuple[dict[str, int], list[Skipped]]:
        """Write the ZIP."""
        with (
            closing(posts_batches(draft.user.pk, with_ids=True, choice=self.choice)) as batches,
            closing(messages_records(draft.user)) as messages,
            closing(conversations_records(draft.user)) as conversations,
        ):
            source = Source(
                site_url=settings.SITE_URL,
                member_url=absolute_url(draft.user.get_absolute_url()),
                snapshot_at=draft.snapshot.at,
                choice=self.choice,
                profile=member_profile(draft.user),
                lists=chosen_lists(draft.user, self.choice),
                posts=batches,
                follows=people_records(draft.user.follows.all(), "followed__username"),
                followers=people_records(draft.user.followed_by.all(), "follower__username"),
                messages=messages,
                conversations=draft.snapshot.ended_after(conversations),
                expected=draft.expected,
                on_write=draft.on_write,
            )
            return write_archive(source, draft.output, draft.folder, self.reporter.advance)


@register
class PostsExport(ExportJob):
    """Write a member's posts to `posts.json`."""

    name = "export_posts"
    kind = "posts"
    label = _("Posts only (JSON)")
    description = _("Exporting posts...")
    action = _("Request your posts")
    contents = _("Every post you've written, with its date, in one machine-readable file: posts.json.")
    content_type = "application/json"
    filename = "posts.json"

    def counts(self, user: User) -> dict[str, int]:
        """Return how many posts there are."""
        return {"posts": posts_count(user, self.choice)}

    def write(self, draft: Draft) -> tuple[dict[str, int], list[Skipped]]:
        """Write the JSON file."""
        skipped: list[Skipped] = []
        with closing(posts_batches(draft.user.pk, choice=self.choice)) as batches:
            posts = write_posts(draft.snapshot.ended_after(batches), draft.output, self.reporter.advance, skipped)
        return {"posts": posts, "skipped": len(skipped)}, skipped


@background
def deliver_archive(task_id: str) -> None:
    """Email the archive of an export whose email is late."""
    for archive in Archive.objects.filter(task_id=task_id):
        archive_deliver(archive.pk)


@background
def deliver_failure(task_id: str) -> None:
    """Email a member that their export failed for good."""
    failure_email_deliver(task_id)
