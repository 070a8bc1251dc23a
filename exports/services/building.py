"""Building what a member asked for: a function for each kind of export."""

import logging
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from accounts.models import User
from accounts.validators import MAX_LENGTH
from exports.models import Archive, Task
from exports.services.archiving import archive_keep, local_file
from exports.services.member_data import (
    absolute_url,
    conversations_records,
    followers_records,
    follows_records,
    member_counts,
    member_profile,
    messages_records,
)
from exports.services.progress import Heartbeat
from exports.services.snapshot import Snapshot, posts_batches, posts_count, read_snapshot
from exports.services.space import SpaceWatch, ensure_free_space, ensure_storage_space, full_disk_refused
from exports.writer import DigestingFile, Skipped, Source, write_archive, write_posts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """A file being written for a task."""

    user: User
    output: DigestingFile
    folder: Path
    """For what waits until it is written to `output`; on the same disk."""
    snapshot: Snapshot
    heartbeat: Heartbeat
    expected: dict[str, int]
    """How many records of each sort the database counts."""
    watch: SpaceWatch


def posts_archive(task: Task, heartbeat: Heartbeat) -> Archive:
    """Build the member's `posts.json`, keep it, and end the task in success.

    Raises ClaimLostError when the task was cancelled, or is another worker's by now; NoSpaceError.
    """
    return _build(task, heartbeat, _posts_counted, _write_posts, filename="posts.json", content_type="application/json")


def complete_archive(task: Task, heartbeat: Heartbeat) -> Archive:
    """Build the ZIP with everything that is the member's, keep it, and end the task in success.

    Raises as `posts_archive` does.
    """
    # Staff can have been given a name of any length and signs, and `susan.exe` would look like a program to some.
    username = re.sub(r"[^A-Za-z0-9_-]+", "-", task.user.username)[:MAX_LENGTH]
    filename = f"microblog-{username}-{task.created_at:%Y-%m-%d}.zip"
    return _build(task, heartbeat, member_counts, _write_archive, filename=filename, content_type="application/zip")


def _build(
    task: Task,
    heartbeat: Heartbeat,
    count: Callable[[User], dict[str, int]],
    write: Callable[[Draft], tuple[dict[str, int], list[Skipped]]],
    *,
    filename: str,
    content_type: str,
) -> Archive:
    with full_disk_refused(), local_file() as path:
        with path.open("wb") as file, read_snapshot() as snapshot:
            user = User.objects.get(pk=task.user_id)
            expected = count(user)
            heartbeat.total = sum(expected.values())
            ensure_free_space(records=heartbeat.total)
            watch = SpaceWatch(path.parent)
            output = DigestingFile(file, watch.note)
            counts, skipped = write(Draft(user, output, path.parent, snapshot, heartbeat, expected, watch))
        for record in skipped:
            logger.warning(
                "Task %s: %s %s of %s was left out: %s",
                task.pk,
                record.record,
                record.id,
                record.timestamp,
                record.reason,
            )
        archive = Archive(
            task=task,
            user_id=task.user_id,
            filename=filename,
            content_type=content_type,
            size=output.size,
            sha256=output.sha256,
            item_counts=counts,
            snapshot_at=snapshot.at,
        )
        ensure_storage_space(path)
        archive_keep(task, archive, path, done=heartbeat.done)
    return archive


def _posts_counted(user: User) -> dict[str, int]:
    return {"posts": posts_count(user.pk)}


def _write_posts(draft: Draft) -> tuple[dict[str, int], list[Skipped]]:
    skipped: list[Skipped] = []
    with closing(posts_batches(draft.user.pk)) as batches:
        posts = write_posts(draft.snapshot.ended_after(batches), draft.output, draft.heartbeat.advance, skipped)
    return {"posts": posts, "skipped": len(skipped)}, skipped


def _write_archive(draft: Draft) -> tuple[dict[str, int], list[Skipped]]:
    with (
        closing(posts_batches(draft.user.pk, with_ids=True)) as batches,
        closing(messages_records(draft.user)) as messages,
        closing(conversations_records(draft.user)) as conversations,
    ):
        source = Source(
            site_url=settings.SITE_URL,
            member_url=absolute_url(draft.user),
            snapshot_at=draft.snapshot.at,
            profile=member_profile(draft.user),
            posts=batches,
            follows=follows_records(draft.user),
            followers=followers_records(draft.user),
            messages=messages,
            conversations=draft.snapshot.ended_after(conversations),
            expected=draft.expected,
            on_write=draft.watch.note,
        )
        return write_archive(source, draft.output, draft.folder, draft.heartbeat.advance)
