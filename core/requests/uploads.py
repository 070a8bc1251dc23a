"""Writes uploaded files to FILE_UPLOAD_TEMP_DIR, and stops while the disk still has EXPORT_FREE_SPACE_RESERVE free."""

import logging
import shutil
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from core.requests.bounds import BODY_LIMIT
from core.requests.error_pages import NoRoomError

logger = logging.getLogger(__name__)


class SpaceCheckingUploadHandler(TemporaryFileUploadHandler):
    """Raises NoRoomError before a body is read that doesn't fit, and between two chunks: other files may have come."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *others: Any) -> None:  # noqa: N803
        """Check the announced length; small forms have no file."""
        if content_length > BODY_LIMIT:
            _ensure_room(content_length)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Check again, and write the chunk."""
        try:
            _ensure_room(len(raw_data))
        except NoRoomError:
            self.upload_interrupted()  # removes what has been written
            raise
        super().receive_data_chunk(raw_data, start)


def _ensure_room(size: int) -> None:
    free, needed = shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free, size + settings.EXPORT_FREE_SPACE_RESERVE
    if free < needed:
        folder = settings.FILE_UPLOAD_TEMP_DIR
        logger.error("No room for an upload: %s has %s bytes free, %s are wanted", folder, free, needed)
        raise NoRoomError
