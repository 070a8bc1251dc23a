"""Members who import an archive and take the import back, again and again."""

from io import BytesIO
from uuid import UUID

from django.db import connection

from accounts.models import User
from e2e.chaos.imports import archive, import_is_undone, import_is_whole, rows_of
from e2e.chaos.members import Member
from e2e.chaos.outages import outage_ignored
from imports.models import Import, Stage
from imports.problems import PROBLEMS
from imports.services.uploads import tasks_of
from tasks.models import Task


class Importer(Member):
    """Does what its import waits for, as long as it may start anything, and checks each import and each undo."""

    def __init__(self, username: str, url: str, *, pause: float, seed: int) -> None:
        super().__init__(username, url, pause=pause, seed=seed)
        self.checked: set[tuple[str, UUID]] = set()  # stages, and the imports that were checked there
        self._user = User.objects.get(username=username)
        self._own = rows_of(self._user.pk)

    def turn(self) -> None:
        """Do what a member does between two pauses."""
        self.poll()
        if self._is_eager:
            with outage_ignored():
                self.go_on()

    def run(self) -> None:
        """Close this thread's connection at the end."""
        super().run()
        connection.close()

    def go_on(self, until: Stage | None = None) -> bool:
        """Check the import if it is over, and take its next step; return whether it is at the stage `until` instead."""
        upload = self._latest()
        task = tasks_of(upload).first() if upload else None
        if upload is None or task is None:
            self._begin()
        elif not task.is_active:
            self._check(upload)
            if upload.stage == until:
                return True
            self._decide(upload, task)
        return False

    def is_at(self, stage: Stage) -> bool:
        """Return whether the latest import is at this stage."""
        upload = self._latest()
        return upload is not None and upload.stage == stage

    def _latest(self) -> Import | None:
        return Import.objects.filter(user=self._user).exclude(stage=Stage.DISCARDED).first()

    def _begin(self) -> None:
        file = BytesIO(archive())
        file.name = "posts.zip"
        self.upload("imports/", file)

    def _check(self, upload: Import) -> None:
        if (upload.stage, upload.pk) in self.checked:
            return
        if upload.stage == Stage.DONE:
            self.problems += import_is_whole(upload)
        elif upload.stage == Stage.UNDONE:
            self.problems += import_is_undone(upload, self._own)
        self.checked.add((upload.stage, upload.pk))

    def _decide(self, upload: Import, task: Task) -> None:
        may_undo = upload.stage == Stage.IMPORTING and self._random.random() < 0.3
        if task.error_code in PROBLEMS:
            self.problems.append(f"Task {task.pk} was refused: {task.error}")
            self._begin()
        elif upload.stage == Stage.PREVIEW:
            self.ask(f"imports/{upload.pk}/confirm/", x="")
        elif upload.stage == Stage.DONE or (task.can_be_retried and may_undo):
            self.ask(f"imports/{upload.pk}/undo/", x="")
        elif task.can_be_retried:
            self.ask(f"tasks/{task.pk}/retry/", x="")
        else:
            self._begin()
