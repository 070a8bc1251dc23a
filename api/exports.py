"""The API's exports: start, list, follow, cancel and retry them; download and delete their files."""

import logging
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Field, Router, Schema, Status

from accounts.member_data import Part
from api.authentication import JSON, Bearer
from api.errors import ProblemError
from api.models import Scope
from api.resources import PageNumber, Progress, cancelled, launched, member_of, page_of, progress_of, retried
from core.links import absolute_url
from exports.choice import ArchiveChoice, ChoiceError
from exports.export_job import export_jobs, export_names
from exports.models import Archive
from exports.services import export_start
from exports.serving import FileLostError, archive_response
from exports.storage.cleanup import archive_delete
from exports.storage.files import StorageUnavailableError
from tasks.models import Task
from tasks.models.task import TaskQuerySet

logger = logging.getLogger(__name__)

router = Router(tags=[gettext_noop("Exports")])

READ = Bearer(Scope.EXPORTS_READ)
WRITE = Bearer(Scope.EXPORTS_WRITE)
DOWNLOAD = Bearer(Scope.EXPORTS_DOWNLOAD)
START = Bearer(Scope.EXPORTS_WRITE, action="task", body=JSON)
RETRY = Bearer(Scope.EXPORTS_WRITE, action="task")


class ExportFile(Schema):
    """The file of a finished export."""

    name: str
    content_type: str
    size: int = Field(description=gettext_noop("Bytes."))
    sha256: str = Field(description=gettext_noop("Hexadecimal, as sha256sum prints it."))
    expires_at: datetime
    url: str = Field(description=gettext_noop("Needs the scope exports:download."))


class Export(Progress):
    """An export of the member's data."""

    id: UUID
    url: str
    kind: Literal["archive", "posts"]
    file: ExportFile | None = Field(description=gettext_noop("null until the export succeeds, and without a file."))


class ExportPage(Schema):
    """Exports, the newest first."""

    items: list[Export]
    next: str | None = Field(description=gettext_noop("The address of the next page."))


Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A time, which `ArchiveChoice` reads."""


class NewExport(Schema):
    """What to export."""

    kind: Literal["archive", "posts"] = Field(
        description=gettext_noop("The archive with all parts, or the posts alone.")
    )
    parts: list[Part] = Field(list(Part), description=gettext_noop("The parts of the archive. All by default."))
    since: Moment | None = Field(None, description=gettext_noop("Leave out earlier posts."))
    until: Moment | None = Field(None, description=gettext_noop("Leave out posts from then on."))


@router.api_operation(
    ["GET", "HEAD"],
    "",
    auth=READ,
    response=ExportPage,
    summary=gettext_noop("List exports"),
    url_name="exports",
    description=gettext_noop("The newest first, in pages."),
)
def list_exports(request: HttpRequest, page: PageNumber = 1) -> dict[str, Any]:
    path = reverse("api:v1:exports")
    return page_of(_exports(request), page, lambda tasks: [_export(task) for task in tasks], path)


@router.post(
    "",
    auth=START,
    response={201: Export},
    summary=gettext_noop("Start an export"),
    description=gettext_noop(
        "Fails while one of the same kind is in progress (409), or if one was made a moment ago (429)."
    ),
)
def start_export(request: HttpRequest, response: HttpResponse, new: NewExport) -> Status[Any]:
    user = member_of(request)
    try:
        choice = ArchiveChoice.from_params(new.model_dump(mode="json", exclude_unset=True))
        task = launched(lambda: export_start(user=user, kind=new.kind, choice=choice, actor=user))
    except ChoiceError as error:
        raise ProblemError(422, str(error), code="impossible_choice") from error
    return _created(response, task)


@router.api_operation(
    ["GET", "HEAD"],
    "/{uuid:id}",
    auth=READ,
    response=Export,
    summary=gettext_noop("Follow an export"),
    url_name="export",
    description=gettext_noop("Ask again every few seconds until it has ended."),
)
def get_export(request: HttpRequest, id: UUID) -> dict[str, Any]:
    return _export(_own(request, id))


@router.post(
    "/{uuid:id}/cancel",
    auth=WRITE,
    response=Export,
    summary=gettext_noop("Cancel an export"),
    description=gettext_noop("Fails if it has already ended (409)."),
)
def cancel_export(request: HttpRequest, id: UUID) -> dict[str, Any]:
    return _export(cancelled(_own(request, id), member_of(request)))


@router.post(
    "/{uuid:id}/retry",
    auth=RETRY,
    response={201: Export},
    summary=gettext_noop("Retry an export"),
    description=gettext_noop("Starts a failed or cancelled export again, as a new one."),
)
def retry_export(request: HttpRequest, response: HttpResponse, id: UUID) -> Status[Any]:
    return _created(response, retried(_own(request, id), member_of(request)))


@router.api_operation(
    ["GET", "HEAD"],
    "/{uuid:id}/file",
    auth=DOWNLOAD,
    response={200: None},
    summary=gettext_noop("Download the file"),
    url_name="export_file",
    description=gettext_noop(
        "Whole, or the part that a Range header asks for. Follow redirects: the file can be in object storage."
    ),
)
def download_export(request: HttpRequest, id: UUID) -> HttpResponseBase:
    archive = _own_archive(request, id)
    if not archive.is_available:
        raise _no_file()
    try:
        return archive_response(request, archive)
    except Archive.DoesNotExist as error:
        raise Http404 from error
    except FileLostError as error:
        text = _("This export's file is no longer available. Please request a new export.")
        raise ProblemError(404, text, code="file_lost") from error
    except StorageUnavailableError as error:
        logger.exception("Archive %s: the storage is unavailable", archive.pk)
        raise _storage_unavailable() from error


@router.delete(
    "/{uuid:id}/file",
    auth=WRITE,
    response={204: None},
    summary=gettext_noop("Delete the file"),
    description=gettext_noop("The list still shows the export."),
)
def delete_export_file(request: HttpRequest, id: UUID) -> Status[None]:
    archive = _own_archive(request, id)
    try:
        deleted = archive_delete(archive)
    except StorageUnavailableError as error:
        raise _storage_unavailable() from error
    if not deleted:
        raise _no_file()
    return Status(204, None)


def _exports(request: HttpRequest) -> TaskQuerySet:
    tasks = Task.objects.filter(user=member_of(request), name__in=export_names())
    return tasks.select_related("archive", "user").order_by("-created_at")


def _own(request: HttpRequest, pk: UUID) -> Task:
    """Return one of the member's exports; 404 for a stranger."""
    return get_object_or_404(_exports(request), pk=pk)


def _own_archive(request: HttpRequest, pk: UUID) -> Archive:
    """Return the archive of one of the member's exports. Raises ProblemError if there is none, or none yet."""
    task = _own(request, pk)
    if task.is_active:
        raise ProblemError(409, _("This export isn't finished yet."), code="not_finished")
    archive: Archive | None = getattr(task, "archive", None)
    if archive is None:
        raise _no_file()
    return archive


def _no_file() -> ProblemError:
    return ProblemError(404, _("We no longer have that file."), code="no_file")


def _export(task: Task) -> dict[str, Any]:
    """Return the fields of Export."""
    archive = getattr(task, "archive", None)
    kinds = {job.name: kind for kind, job in export_jobs().items()}
    return {
        **progress_of(task),
        "id": task.pk,
        "url": absolute_url(reverse("api:v1:export", args=[task.pk])),
        "kind": kinds[task.name],
        "file": _file(archive) if archive and archive.is_available else None,
    }


def _file(archive: Archive) -> dict[str, Any]:
    return {
        "name": archive.filename,
        "content_type": archive.content_type,
        "size": archive.size,
        "sha256": archive.sha256,
        "expires_at": archive.expires_at,
        "url": absolute_url(reverse("api:v1:export_file", args=[archive.task_id])),
    }


def _created(response: HttpResponse, task: Task) -> Status[Any]:
    export = _export(task)
    response["Location"] = export["url"]
    return Status(201, export)


def _storage_unavailable() -> ProblemError:
    text = _("The files are unavailable right now. Please try again in a few minutes.")
    return ProblemError(503, text, code="storage_unavailable", headers={"Retry-After": "120"})
