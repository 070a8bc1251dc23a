"""Fixtures of the tests of operations."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings


@pytest.fixture
def administrator(settings: LazySettings, tmp_path: Path) -> str:
    """Return the address of an administrator who has been told of no error yet."""
    settings.ADMINS = [("", "admin@example.org")]
    cache: dict[str, Any] = {**settings.CACHES["admin_mail"], "LOCATION": tmp_path / "admin_mail"}
    settings.CACHES = {**settings.CACHES, "admin_mail": cache}
    return "admin@example.org"
