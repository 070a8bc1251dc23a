"""An archive storage that fails to save."""

from typing import Any

from django.core.files.storage import FileSystemStorage


class BrokenStorage(FileSystemStorage):
    """Fails to save while a local variable holds the content, which error reports must leave out."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        words = content.read()
        raise OSError(5, f"{len(words)} bytes cannot be kept", name)
