"""A storage of archives that is as slow as a test wants: its exports run until then."""

from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from tests.waiting import wait_until

SLOW = "storage-is-slow"
"""The file in VAR_DIR which makes it slow for as long as it is there."""


class SlowStorage(FileSystemStorage):
    """Takes no file while it is slow, for at most a minute."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        wait_until(lambda: not (settings.VAR_DIR / SLOW).exists(), 60, what="The storage's readiness")
        return super().save(name, content, max_length)
