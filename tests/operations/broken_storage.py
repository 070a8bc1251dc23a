"""A storage of archives that takes none."""

from typing import Any

from django.core.files.storage import FileSystemStorage


class BrokenStorage(FileSystemStorage):
    """Fails with what it was to keep at hand."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        words = content.read()
        raise OSError(5, f"{len(words)} bytes cannot be kept", name)
