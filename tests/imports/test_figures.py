"""What the metrics say of imports."""

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from imports.figures import entry_counts, files_kept
from tests.imports.conftest import Upload, handmade, imported, posts

pytestmark = pytest.mark.usefixtures("redis_queue")


def test_what_becomes_of_entries_is_added_up(
    upload: Upload, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    assert set(entry_counts().values()) == {0.0}
    for count in (2, 3):
        read = upload(handmade(*posts(count), {"reason": "boost"}))
        with django_capture_on_commit_callbacks(execute=True):
            imported(read)
    assert entry_counts() == {("imported",): 3, ("known",): 2, ("left_out",): 2}


def test_an_uploaded_file_counts_until_its_import_ends(upload: Upload) -> None:
    read = upload(handmade(*posts(1)))
    assert files_kept() == 1
    imported(read)
    assert files_kept() == 0
