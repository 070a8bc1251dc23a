"""The conditions at the end of a run. Each check returns a list of problems, which is empty if there are none."""

import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.core.files.storage import Storage
from django.db.models import QuerySet

from api.tokens import SECRET
from exports.export_job import export_names
from exports.models import Archive
from exports.models.archive import Removal, exports_storage
from exports.verification import ArchiveError, verify_archive
from posts.models import Post
from tasks.models import Task, TaskStatus

ZIP = "application/zip"
MESSAGE_ID = re.compile(r"<export-([0-9a-f-]{36})@[^>]+>")
FAILURE_ID = re.compile(r"<export-([0-9a-f-]{36})-failed@[^>]+>")


def tasks_are_over() -> Iterator[str]:
    """Every task has ended, in success or with a reason."""
    for task in Task.objects.all():
        if task.is_active:
            yield f"Task {task.pk} is still {task.status}"
        if task.status == TaskStatus.FAILED and not task.error:
            yield f"Task {task.pk} failed without a reason"


def succeeded_exports() -> QuerySet[Task]:
    """Return the exports that were a success, with their archives."""
    succeeded = Task.objects.filter(status=TaskStatus.SUCCEEDED, name__in=export_names())
    return succeeded.select_related("user", "archive")


def archives_are_whole(downloads: Mapping[str, str]) -> Iterator[str]:
    """Every success has a whole archive of its own member's posts; `downloads`: task -> SHA-256 of what came out."""
    for task in succeeded_exports():
        if not hasattr(task, "archive"):
            yield f"Task {task.pk} succeeded without an archive"
            continue
        problem = "" if was_replaced(task.archive) else archive_problem(task.archive)
        if problem:
            yield f"Archive of task {task.pk}: {problem}"
        elif downloads.get(str(task.pk), task.archive.sha256) != task.archive.sha256:
            yield f"Archive of task {task.pk}: what was downloaded is not what was built"


def was_replaced(archive: Archive) -> bool:
    """Return whether newer exports of a schedule have replaced it."""
    return archive.is_scheduled and archive.removal == Removal.REPLACED


def archive_problem(archive: Archive) -> str:
    """Return what is wrong with an archive's file."""
    try:
        with archive.file.open("rb") as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != archive.sha256:
            return "its bytes are not those that were built"
        posts = posts_in_archive(content) if archive.content_type == ZIP else content
        bodies = [post["body"] for post in json.loads(posts)["posts"]]
    except (OSError, ValueError, ArchiveError) as error:
        return str(error)
    return "" if bodies == posts_of(archive.user_id) else "its posts are not those of its member"


def posts_in_archive(content: bytes) -> bytes:
    """Return the posts.json of a complete archive; raises ArchiveError or ValueError."""
    with NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        verify_archive(Path(file.name))
        with zipfile.ZipFile(file.name) as container:
            return container.read("posts.json")


@cache
def posts_of(user_id: int) -> list[str]:
    """Return what a member wrote, oldest first; members write no posts during a run."""
    return list(Post.objects.filter(author=user_id).order_by("timestamp", "id").values_list("body", flat=True))


def mails_arrived(mails: Iterable[tuple[EmailMessage, list[str]]]) -> Iterator[str]:
    """Every success was mailed to its member alone, each time under the same `Message-ID`, with its own file.

    `mails`: what arrived, and for whom.
    """
    tasks = {str(task.pk): task for task in succeeded_exports()}
    arrived: Counter[str] = Counter()
    for message, recipients in mails:
        found = MESSAGE_ID.fullmatch(str(message["Message-ID"]))
        task = tasks.get(found[1]) if found else None
        if is_about_failure(message):
            continue
        if task is None:
            yield f"A mail to {recipients} has the Message-ID {message['Message-ID']}, which is no success's"
            continue
        arrived[str(task.pk)] += 1
        if recipients != [task.member.email] or str(message["To"]) != task.member.email:
            yield f"The mail of task {task.pk} went to {recipients}, {message['To']}"
        if not is_in_mail(task.archive, message):
            yield f"The mail of task {task.pk} holds another file"
    unmailed = (pk for pk in tasks.keys() - arrived.keys() if not was_replaced(tasks[pk].archive))
    yield from (f"Task {pk} succeeded and was never mailed" for pk in unmailed)


def is_about_failure(message: EmailMessage) -> bool:
    """Return whether the mail tells of a task that has failed."""
    found = FAILURE_ID.fullmatch(str(message["Message-ID"]))
    return found is not None and Task.objects.filter(pk=found[1], status=TaskStatus.FAILED).exists()


def is_in_mail(archive: Archive, message: EmailMessage) -> bool:
    """Return whether the mail's attachment, if it has one, is the archive's file, or a compressed copy."""
    for attachment in message.iter_attachments():
        content = attachment.get_payload(decode=True)
        assert isinstance(content, bytes)
        if attachment.get_filename() != archive.filename:
            with zipfile.ZipFile(io.BytesIO(content)) as container:
                content = container.read(archive.filename)
        if hashlib.sha256(content).hexdigest() != archive.sha256:
            return False
    return True


def nothing_is_left_over(folders: Iterable[Path]) -> list[str]:
    """No temporary file is left in any of the `folders`, and no stored file without an archive."""
    kept = {archive.file.name for archive in Archive.objects.kept()}
    stored = set(files_in(exports_storage())) - kept
    temporary = {str(path) for folder in folders for path in folder.glob("*")}
    return [f"{name} was left behind" for name in sorted(stored | temporary)]


def tokens_stay_secret(logs: Iterable[Path]) -> list[str]:
    """No log has a token of the API."""
    return [f"A token is in {log}" for log in logs if SECRET.search(log.read_text(errors="replace"))]


def files_in(storage: Storage, folder: str = "") -> Iterator[str]:
    """Yield the names of all files in a storage."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:  # nothing was ever stored
        return
    yield from (f"{folder}{name}" for name in files)
    for name in folders:
        yield from files_in(storage, f"{folder}{name}/")
