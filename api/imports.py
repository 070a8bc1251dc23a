"""The API's imports: upload an archive, look at its preview, confirm, cancel, retry, undo or discard it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Field, File, Router, Schema, Status, UploadedFile

from api.authentication import JSON, MULTIPART, Bearer
from api.errors import ProblemError
from api.models import Scope
from api.resources import PageNumber, Progress, cancelled, launched, member_of, page_of, progress_of, retried
from core.links import absolute_url
from imports.forms import ChoicesForm
from imports.left_out import left_out_csv
from imports.models import Import, Stage
from imports.reader import Kind
from imports.services.uploads import (
    import_confirm,
    import_discard,
    import_undo,
    import_upload,
    tasks_of,
    with_latest_task,
)
from tasks.models import Task

router = Router(tags=[gettext_noop("Imports")])

WRITE = Bearer(Scope.IMPORTS_WRITE)
UPLOAD = Bearer(Scope.IMPORTS_WRITE, action="task", body=MULTIPART)
CONFIRM = Bearer(Scope.IMPORTS_WRITE, action="task", body=JSON)
START = Bearer(Scope.IMPORTS_WRITE, action="task")


class FoundPost(Schema):
    """A post in the archive."""

    body: str
    written_at: datetime
    url: str


class ImportPreview(Schema):
    """What the archive holds. Confirm what to import of it."""

    total: int = Field(description=gettext_noop("Entries in the archive."))
    new: int = Field(description=gettext_noop("Posts that aren't here yet."))
    known: int = Field(description=gettext_noop("Posts that are here already."))
    kinds: dict[str, int] = Field(description=gettext_noop("New posts by kind: public, thread, unlisted, reply."))
    left_out: dict[str, int] = Field(description=gettext_noop("Entries that can't be imported, by reason."))
    first: FoundPost | None
    last: FoundPost | None
    profile: list[str] = Field(description=gettext_noop("Parts of your profile that would be replaced."))
    follows: int = Field(description=gettext_noop("Members whom you followed there."))


class ImportReport(Schema):
    """What the import did."""

    imported: int
    known: int = Field(description=gettext_noop("Posts that are here already."))
    left_out: dict[str, int] = Field(description=gettext_noop("Entries that weren't imported, by reason."))
    followed: int = Field(description=gettext_noop("Members whom you follow now."))
    profile: list[str] = Field(description=gettext_noop("Parts of your profile that were replaced."))


class ImportOut(Schema):
    """An archive that the member has uploaded."""

    id: UUID
    url: str
    stage: Literal["reading", "preview", "importing", "done", "undoing", "undone", "discarded"] = Field(
        description=gettext_noop("What it waits for. In the stage preview, that's your decision.")
    )
    filename: str
    size: int = Field(description=gettext_noop("Bytes."))
    source: str
    owner: str = Field(description=gettext_noop("The account that the archive is of."))
    created_at: datetime
    ended_at: datetime | None
    task: Progress | None = Field(description=gettext_noop("Reading, importing or undoing: the latest of them."))
    preview: ImportPreview | None = Field(description=gettext_noop("In the stage preview."))
    report: ImportReport | None = Field(description=gettext_noop("When the import is done."))


class ImportPage(Schema):
    """Imports, the newest first."""

    items: list[ImportOut]
    next: str | None = Field(description=gettext_noop("The address of the next page."))


class Choices(Schema):
    """What to import besides public posts."""

    kinds: list[Literal["thread", "unlisted", "reply"]] | None = Field(
        None, description=gettext_noop("Replies to own posts if not given.")
    )
    profile: bool = Field(False, description=gettext_noop("Replace the profile."))
    follows: bool = Field(False, description=gettext_noop("Follow the members whom you followed there."))


@router.api_operation(
    ["GET", "HEAD"],
    "",
    auth=WRITE,
    response=ImportPage,
    summary=gettext_noop("List imports"),
    url_name="imports",
    description=gettext_noop("The newest first, in pages."),
)
def list_imports(request: HttpRequest, page: PageNumber = 1) -> dict[str, Any]:
    user = member_of(request)

    def show(uploads: list[Import]) -> list[dict[str, Any]]:
        return [_import(upload, task) for upload, task in with_latest_task(user, uploads)]

    return page_of(_imports(request), page, show, reverse("api:v1:imports"))


@router.post(
    "",
    auth=UPLOAD,
    response={201: ImportOut},
    summary=gettext_noop("Upload an archive"),
    description=gettext_noop("It's read first, and waits for your decision. An earlier one that waits is discarded."),
)
def upload_import(request: HttpRequest, response: HttpResponse, file: File[UploadedFile]) -> Status[Any]:
    created: list[Import] = []

    def launch() -> Task:
        upload, task = import_upload(user=member_of(request), file=file)
        created.append(upload)
        return task

    task = launched(launch)
    out = _import(created[0], task)
    response["Location"] = out["url"]
    return Status(201, out)


@router.api_operation(
    ["GET", "HEAD"],
    "/{uuid:id}",
    auth=WRITE,
    response=ImportOut,
    summary=gettext_noop("Follow an import"),
    url_name="import",
    description=gettext_noop("With its preview or its report."),
)
def get_import(request: HttpRequest, id: UUID) -> dict[str, Any]:
    return _shown(_own(request, id))


@router.post(
    "/{uuid:id}/confirm",
    auth=CONFIRM,
    response=ImportOut,
    summary=gettext_noop("Confirm an import"),
    description=gettext_noop("Starts importing, in the stage preview."),
)
def confirm_import(request: HttpRequest, id: UUID, choices: Choices) -> dict[str, Any]:
    upload = _own(request, id)
    chosen = choices.dict()
    if choices.kinds is None:
        chosen["kinds"] = [Kind.THREAD.value] if upload.preview.get("kinds", {}).get(Kind.THREAD) else []
    form = ChoicesForm(chosen, upload=upload)
    if not form.is_valid():
        errors = [
            {"pointer": f"/body/{name}", "detail": " ".join(map(str, texts))} for name, texts in form.errors.items()
        ]
        raise ProblemError(422, _("Some values are missing or wrong."), errors=errors)
    return _went_on(request, id, lambda: import_confirm(upload, form.choices()), _not_waiting())


@router.post(
    "/{uuid:id}/cancel",
    auth=WRITE,
    response=ImportOut,
    summary=gettext_noop("Cancel an import's task"),
    description=gettext_noop("Stops reading, importing or undoing. What has been imported stays, and can be undone."),
)
def cancel_import(request: HttpRequest, id: UUID) -> dict[str, Any]:
    upload = _own(request, id)
    cancelled(_latest(upload), member_of(request))
    return _shown(upload)


@router.post(
    "/{uuid:id}/retry",
    auth=START,
    response=ImportOut,
    summary=gettext_noop("Retry an import's task"),
    description=gettext_noop("Starts the failed or cancelled task again."),
)
def retry_import(request: HttpRequest, id: UUID) -> dict[str, Any]:
    upload = _own(request, id)
    if upload.stage == Stage.DISCARDED:
        raise _not_waiting()
    retried(_latest(upload), member_of(request))
    return _shown(upload)


@router.post(
    "/{uuid:id}/undo",
    auth=START,
    response=ImportOut,
    summary=gettext_noop("Undo an import"),
    description=gettext_noop("Starts deleting what the import brought."),
)
def undo_import(request: HttpRequest, id: UUID) -> dict[str, Any]:
    upload = _own(request, id)
    text = _("This import can't be undone: another one is in progress, or its time is over.")
    refusal = ProblemError(409, text, code="undo_impossible")
    return _went_on(request, id, lambda: import_undo(upload), refusal)


@router.post(
    "/{uuid:id}/discard",
    auth=WRITE,
    response=ImportOut,
    summary=gettext_noop("Discard an import"),
    description=gettext_noop("Gives up an import that hasn't begun, and deletes its file."),
)
def discard_import(request: HttpRequest, id: UUID) -> dict[str, Any]:
    if not import_discard(_own(request, id)):
        raise _not_waiting()
    return _shown(_own(request, id))


@router.api_operation(
    ["GET", "HEAD"],
    "/{uuid:id}/left-out.csv",
    auth=WRITE,
    response={200: None},
    summary=gettext_noop("List what was left out"),
    description=gettext_noop("A CSV of the entries that weren't imported: reason, link, time, detail."),
)
def list_left_out(request: HttpRequest, id: UUID) -> HttpResponseBase:
    return left_out_csv(_own(request, id))


def _imports(request: HttpRequest) -> QuerySet[Import]:
    return Import.objects.select_related("user").filter(user=member_of(request))


def _own(request: HttpRequest, pk: UUID) -> Import:
    """Return one of the member's imports; 404 for a stranger."""
    return get_object_or_404(_imports(request), pk=pk)


def _not_waiting() -> ProblemError:
    return ProblemError(409, _("This import has already been started or discarded."), code="not_waiting")


def _went_on(request: HttpRequest, pk: UUID, start: Callable[[], Task | None], refusal: ProblemError) -> dict[str, Any]:
    """Start the import's next task, and return the import as it is then. Raises ProblemError if that isn't possible."""

    def launch() -> Task:
        task = start()
        if task is None:
            raise refusal
        return task

    launched(launch)
    return _shown(_own(request, pk))


def _latest(upload: Import) -> Task:
    return get_object_or_404(tasks_of(upload)[:1])


def _shown(upload: Import) -> dict[str, Any]:
    return _import(upload, tasks_of(upload).first())


def _import(upload: Import, task: Task | None) -> dict[str, Any]:
    """Return the fields of ImportOut."""
    names = ("stage", "filename", "size", "source", "owner", "created_at", "ended_at")
    return {
        **{name: getattr(upload, name) for name in names},
        "id": upload.pk,
        "url": absolute_url(reverse("api:v1:import", args=[upload.pk])),
        "task": progress_of(task) if task else None,
        "preview": _preview(upload.preview) if upload.stage == Stage.PREVIEW else None,
        "report": _report(upload.report) if upload.report else None,
    }


def _preview(preview: dict[str, Any]) -> dict[str, Any]:
    extras = preview["extras"]
    return preview | {"profile": list(extras["profile"]), "follows": len(extras["follows"])}


def _report(report: dict[str, Any]) -> dict[str, Any]:
    extras = report.get("extras", {})
    return report | {"followed": len(extras.get("followed", [])), "profile": list(extras.get("profile", {}))}
