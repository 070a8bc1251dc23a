"""The file of an archive as an HTTP response: whole, or in byte ranges (RFC 9110, section 14) when it is resumed."""

import logging
import re
from base64 import b64encode
from typing import Any, cast
from urllib.parse import quote

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.db.models import F
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from exports.models import Archive
from exports.models.archive import Removal
from exports.storage.cleanup import archive_discard
from exports.storage.files import file_exists
from tasks.services.payloads import task_withdraw

logger = logging.getLogger(__name__)

# Thirty digits exceed any file's size; longer numbers would only cost time to parse.
SINGLE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,30})-([0-9]{0,30})[ \t]*", re.IGNORECASE)


class UnsatisfiableRangeError(Exception):
    """The range lies outside the file."""


class FileLostError(Exception):
    """The storage has lost the file; the archive's row says so from now on."""


def archive_response(request: HttpRequest, archive: Archive) -> HttpResponseBase:
    """Return the file of an available archive, the requested part of it, or 304; count the download.

    Raises StorageUnavailableError, FileLostError, or Archive.DoesNotExist if the file was deleted a moment ago.
    """
    if not file_exists(archive):
        raise _lost(archive)
    if hasattr(archive.file.storage, "signed_url"):
        return redirect_to_storage(request, archive)
    try:
        return serve(request, archive)
    except FileNotFoundError as error:  # if its owner has deleted it, or it has expired, there is no archive either
        raise _lost(Archive.objects.available().select_related("task").get(pk=archive.pk)) from error


def _lost(archive: Archive) -> FileLostError:
    """Note that the storage has lost the file."""
    logger.error("Archive %s: its file is gone from the storage", archive.pk)
    archive_discard(archive, Removal.LOST)
    return FileLostError(archive.pk)


def redirect_to_storage(request: HttpRequest, archive: Archive) -> HttpResponse:
    """Redirect to the object storage, which serves the file at a signed address."""
    storage: Any = archive.file.storage
    address = storage.signed_url(
        str(archive.file.name),
        method=str(request.method),
        disposition=disposition(archive),
        content_type=archive.content_type,
    )
    if request.method == "GET":
        count_download(archive)
    return HttpResponseRedirect(address, headers={"Cache-Control": "private, no-store"})


def serve(request: HttpRequest, archive: Archive) -> HttpResponseBase:
    """Return the file, the requested part of it, or 304."""
    headers = file_headers(archive)
    response = HttpResponse(content_type=archive.content_type, headers=headers)
    checked = get_conditional_response(request, etag=headers["ETag"], response=response)
    if checked is not response or request.method == "HEAD":
        return cast(HttpResponseBase, checked)
    try:
        positions = requested_positions(request, archive)
    except UnsatisfiableRangeError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{archive.size}"})
    if positions is None or positions.start == 0:
        count_download(archive)
    if nginx_sends(request, archive):
        response["Content-Length"] = "0"  # of this response; nginx sets the file's own
        response["X-Accel-Redirect"] = settings.EXPORT_ACCEL_LOCATION + quote(str(archive.file.name))
        return response
    return streamed(archive, headers, positions)


def requested_positions(request: HttpRequest, archive: Archive) -> range | None:
    """Return the bytes to send, None for all of them; raises UnsatisfiableRangeError."""
    # With If-Range, a part is requested only of the file that the client has the beginning of.
    if request.headers.get("If-Range", etag(archive)) != etag(archive):
        return None
    return parse_range(request.headers.get("Range", ""), archive.size)


def parse_range(header: str, size: int) -> range | None:
    """Return the positions that a `Range` header asks for, in a file of `size` bytes; None means the whole file.

    Malformed headers and multiple ranges are ignored, as the RFC permits.
    Raises UnsatisfiableRangeError.
    """
    match = SINGLE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    positions = range(int(first), min(int(last or size) + 1, size)) if first else range(size)[-int(last) or size :]
    if not positions:
        raise UnsatisfiableRangeError(header)
    return positions


def nginx_sends(request: HttpRequest, archive: Archive) -> bool:
    """Return whether nginx can send the file: it is on this machine's disk, and the request has no If-Match.

    nginx evaluates If-Match before it knows the ETag, and would refuse the right one too.
    """
    on_disk = isinstance(archive.file.storage, FileSystemStorage)
    return bool(settings.EXPORT_ACCEL_LOCATION) and on_disk and "If-Match" not in request.headers


def streamed(archive: Archive, headers: dict[str, str], positions: range | None) -> FileResponse:
    """Return the response with the whole file, or with its bytes at `positions`."""
    file = archive.file.open("rb")
    response = FileResponse(
        file if positions is None else FilePart(file, positions),
        as_attachment=True,
        filename=archive.filename,
        content_type=archive.content_type,
        headers=headers,
        status=200 if positions is None else 206,
    )
    if positions is not None:
        response["Content-Length"] = str(len(positions))
        response["Content-Range"] = f"bytes {positions[0]}-{positions[-1]}/{archive.size}"
    return response


class FilePart:
    """The bytes of an open file at `positions`, read as a file; closing it closes the file."""

    def __init__(self, file: File[Any], positions: range) -> None:
        file.seek(positions.start)
        self._file = file
        self._left = len(positions)
        self.close = file.close

    def read(self, size: int) -> bytes:
        """Return up to `size` of the bytes that are left."""
        content: bytes = self._file.read(min(size, self._left))
        self._left -= len(content)
        return content


def file_headers(archive: Archive) -> dict[str, str]:
    """Return the headers by which a client can check and resume the download."""
    digest = b64encode(bytes.fromhex(archive.sha256)).decode()
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Disposition": disposition(archive),
        "Content-Length": str(archive.size),
        # The file holds members' texts: if a browser displays it anyway, it can run no script and reach nothing.
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": etag(archive),
        "Repr-Digest": f"sha-256=:{digest}:",  # RFC 9530
    }


def etag(archive: Archive) -> str:
    """Return the strong ETag of the file."""
    return f'"{archive.sha256}"'


def disposition(archive: Archive) -> str:
    """Return the header that makes a browser save the file instead of displaying it."""
    return str(content_disposition_header(as_attachment=True, filename=archive.filename))


def count_download(archive: Archive) -> None:
    """Count a download at its first byte, so that a resumed one counts once; withdraw its alert."""
    Archive.objects.filter(pk=archive.pk).update(download_count=F("download_count") + 1)
    task_withdraw(archive.task)
