"""The three jobs of an import: read the file, import its posts, take them back."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.core.files import File
from django.db import transaction
from django.db.models import Count, Max, Min
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from imports.figures import entries_count
from imports.models import Import, Stage, imports_storage
from imports.problems import PROBLEMS, ImportRefusedError, problem_text
from imports.services.entries import entries_file, kept, kept_batches
from imports.services.extras import extras_import, extras_undo
from imports.services.preview import Preview
from imports.services.reading import batches_of, opened, stored_file
from imports.services.uploads import (
    FOLDER,
    WRITING,
    file_remove,
    import_finish,
    import_report,
    stored_file_delete,
)
from imports.services.writing import START, write_batch
from posts.models import Post, PostOrigin, RemovedPost
from tasks.job import Job, Result, Text
from tasks.models import Task, TaskQueue, TaskStatus
from tasks.registry import register

LARGE_FILE = 5_000_000
"""Bytes from which a file is read for so long that small tasks do not wait behind it."""
UNDO_BATCH = 500


class ImportJob(Job):
    """A task that belongs to an import, which its parameters name."""

    unit = _("entries")
    alert_templates = {"details": "imports/_alert_details.html", "actions": "imports/_alert_actions.html"}
    failure_texts = {"busy": _("Another import or undo was in progress. Try again when it has ended.")}
    stage: ClassVar[Stage]
    """The stage in which the import must be."""

    @classmethod
    def read_params(cls, params: dict[str, Any]) -> None:
        """Raise KeyError or ValueError unless they name an import."""
        UUID(params["import"])

    @classmethod
    def failure_text(cls, code: str, params: Any) -> str:
        """Return why the file could not be imported, or what any task says."""
        return problem_text(code, params or {}) if code in PROBLEMS else super().failure_text(code, params)

    @classmethod
    def queue(cls, user: User | None, params: dict[str, Any]) -> TaskQueue:
        """Return the queue by the size of the file."""
        is_large = Import.objects.filter(pk=params["import"], size__gte=LARGE_FILE).exists()
        return TaskQueue.LARGE if is_large else TaskQueue.SMALL

    @classmethod
    def payload(cls, task: Task) -> dict[str, Any]:
        """Return the import's id, for links to its page, and whether another attempt could read the file."""
        return {"import_id": task.params.get("import"), "may_retry": task.error_code not in PROBLEMS}

    def stop_if_lost(self) -> None:
        """Raise what ends the attempt, as `progress` does, if it was cancelled or should stop."""
        self.reporter.advance(self.reporter.done)

    def upload(self) -> Import:
        """Return the import.

        Raises ImportRefusedError if it is in no state for this job, such as discarded, or if an earlier task is still
        changing the member's posts: a retry doesn't ask for that.
        """
        earlier = Task.objects.active().filter(user=self.task.user_id, name__in=WRITING)
        earlier = earlier.filter(created_at__lt=self.task.created_at)
        if self.name in WRITING and earlier.exists():
            raise ImportRefusedError("busy")
        upload = Import.objects.select_related("user").filter(pk=self.task.params["import"], stage=self.stage).first()
        if upload is None:
            raise ImportRefusedError("no_file")
        return upload


@register
class ReadImport(ImportJob):
    """Read the file once, keep the entries that can be imported, and count what an import would bring."""

    uploaded: str
    kept_as = ""
    """The name of the entries in the storage."""

    name = "read_import"
    label = _("Reading your archive")
    description = _("Reading your archive...")
    titles: ClassVar[Mapping[str, Text]] = {
        **ImportJob.titles,
        TaskStatus.SUCCEEDED: _("We've read your archive"),
        TaskStatus.FAILED: _("We couldn't read your archive"),
    }
    stage = Stage.READING

    def run(self) -> Result:
        """Return the preview."""
        upload = self.upload()
        self.uploaded = str(upload.file.name)
        with opened(upload, self.stop_if_lost) as reader, entries_file() as entries:
            preview = Preview(upload, reader.source)
            expected = reader.expected()
            for batch in kept(batches_of(reader), entries):
                preview.add(batch)
                # Without a total, "getting ready": no archive of Bluesky or Misskey says how much it holds.
                self.progress(preview.total, max(expected, preview.total) if expected else 0)
            values = {"source": reader.source, "owner": reader.owner()[:255], "preview": preview.as_json(reader)}
            self.kept_as = values["file"] = imports_storage().save(f"{FOLDER}/{upload.pk}.entries", File(entries))
        return Result(done=preview.total, value=values)

    def commit(self, result: Result) -> None:
        """Save the preview: from now on the import waits for the member."""
        Import.objects.filter(pk=self.task.params["import"], stage=self.stage).update(
            stage=Stage.PREVIEW, **result.value
        )

    def after_commit(self, result: Result) -> None:
        """Remove what was uploaded: the entries have taken its place."""
        stored_file_delete(self.uploaded)

    def abandon(self) -> None:
        """Remove the entries, unless the import has them: it may have been discarded while it was read."""
        if self.kept_as and not Import.objects.filter(file=self.kept_as).exists():
            stored_file_delete(self.kept_as)

    @classmethod
    def on_failure(cls, task: Task) -> None:
        """Remove a file that cannot be imported."""
        if task.error_code in PROBLEMS:
            for upload in Import.objects.filter(pk=task.params["import"]):
                transaction.on_commit(partial(file_remove, upload), robust=True)


@register
class ImportPosts(ImportJob):
    """Import what the member has chosen, batch by batch: each one transaction, with the checkpoint."""

    name = "import_posts"
    label = _("Importing your posts")
    description = _("Importing your posts...")
    titles: ClassVar[Mapping[str, Text]] = {**ImportJob.titles, TaskStatus.SUCCEEDED: _("Your import is done")}
    finishing = _("finishing the import")
    stage = Stage.IMPORTING

    def run(self) -> Result:
        """Continue after the last checkpoint, which counts the entries that are dealt with."""
        upload = self.upload()
        position = self.task.checkpoint or START
        if not position["done"]:  # an earlier task may have been cancelled on the way
            upload.left_out.all().delete()
        passed = 0
        with stored_file(upload) as file:
            self.progress(position["done"], upload.preview["total"])
            for batch in kept_batches(file):
                passed += len(batch)
                if passed <= position["done"]:
                    continue
                with transaction.atomic():
                    position = write_batch(upload, batch, position)
                    self.save_checkpoint(position)
                self.progress(passed)
        report = import_report(upload, position)
        summary = {**report, "left_out": sum(report["left_out"].values())}
        return Result(done=passed, value=report, summary=summary)

    def commit(self, result: Result) -> None:
        """Import profile and follows, and save the report."""
        upload = self.upload()
        extras = extras_import(upload.user, upload.preview.get("extras", {}), upload.choices)
        import_finish(upload, {**result.value, "extras": extras})
        entries_count(result.summary or {})

    def after_commit(self, result: Result) -> None:
        """Remove the file."""
        file_remove(Import.objects.get(pk=self.task.params["import"]))


@register
class UndoImport(ImportJob):
    """Delete the posts that an import has brought, batch by batch, and take back what else it did."""

    name = "undo_import"
    label = _("Undoing your import")
    description = _("Undoing your import...")
    unit = _("posts")
    titles: ClassVar[Mapping[str, Text]] = {**ImportJob.titles, TaskStatus.SUCCEEDED: _("Your import is undone")}
    stage = Stage.UNDOING

    def run(self) -> Result:
        """Delete them; what the member has deleted stays deleted, also at a later import."""
        upload = self.upload()
        done = (self.task.checkpoint or {"done": 0})["done"]
        brought = PostOrigin.objects.filter(import_id=upload.pk)
        left = brought.aggregate(count=Count("pk"), first=Min("pk"), last=Max("pk"))
        self.progress(done, done + left["count"])
        # Few other posts are between these. A query for the import's own would read all of them for each batch, unless
        # the database's statistics already knew about them.
        for first in range(left["first"] or 0, (left["last"] or -1) + 1, UNDO_BATCH):
            rows = Post.objects.filter(pk__range=(first, first + UNDO_BATCH - 1)).values_list("pk", "origin__import_id")
            pks = [pk for pk, import_id in rows if import_id == upload.pk]
            if not pks:
                continue
            with transaction.atomic():
                PostOrigin.objects.filter(pk__in=pks).delete()
                Post.objects.filter(pk__in=pks).delete()
                done += len(pks)
                self.save_checkpoint({"done": done})
            self.progress(done)
        return Result(done=done)

    def commit(self, result: Result) -> None:
        """Take back follows and profile; what the member had deleted can no longer be restored."""
        upload = self.upload()
        extras_undo(upload.user, upload.report.get("extras", {}))
        RemovedPost.objects.filter(
            post_id__in=PostOrigin.objects.filter(import_id=upload.pk).values("post_id")
        ).delete()
        Import.objects.filter(pk=upload.pk).update(stage=Stage.UNDONE)
