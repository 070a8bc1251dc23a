"""What `manage.py doctor` says of the storage of uploaded files."""

from pathlib import Path

import pytest

from core.health import Status
from imports.models import imports_storage
from tests.checks import hints_of, problems_of, status_of
from tests.imports.conftest import StoreIn, Upload, handmade, posts


@pytest.fixture
def folder(store_in: StoreIn, tmp_path: Path) -> Path:
    """Return the folder in which uploads are kept."""
    store_in("", tmp_path / "imports")
    return tmp_path / "imports"


def test_a_probe_leaves_nothing_in_the_storage_and_the_folder_is_private(folder: Path) -> None:
    assert status_of("upload storage") is Status.OK
    assert list(folder.rglob("*")) == []
    folder.chmod(0o755)
    assert "chmod 700" in hints_of("upload storage")


def test_a_storage_that_cannot_be_written_fails(folder: Path) -> None:
    folder.write_text("in the way")  # a read-only folder stops everybody but root
    assert status_of("upload storage") is Status.FAILING
    assert "VAR_DIR" in hints_of("upload storage")


@pytest.mark.usefixtures("redis_queue")
def test_uploads_that_are_not_in_the_storage_are_counted(folder: Path, upload: Upload) -> None:
    read = upload(handmade(*posts(1)))
    assert status_of("uploaded files") is Status.OK
    imports_storage().delete(str(read.file.name))
    assert problems_of("uploaded files") == ["0 of the newest 1 are in the storage"]
    assert "VAR_DIR" in hints_of("uploaded files")
