"""Pixelfed's file of statuses."""

from imports.reader import register_reader
from imports.readers.statuses import StatusesReader


@register_reader
class PixelfedReader(StatusesReader):
    """Reads `pixelfed-statuses.json`."""

    label = "Pixelfed"
    filename = "pixelfed-statuses.json"
    items = "item"
    begins = b"["
    keys = (b"_v", b"content", b"visibility", b"created_at")
