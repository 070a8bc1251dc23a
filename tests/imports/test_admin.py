"""What staff see of an import: enough to help, and nothing of what is in the file."""

import pytest
from django.test import Client

from accounts.models import User
from imports.services.uploads import tasks_of
from tests.imports.conftest import Upload, handmade, posts
from tests.members import signed_in_client

pytestmark = pytest.mark.usefixtures("redis_queue")
IMPORTS = "/admin/imports/import/"


@pytest.fixture
def admin(staff: User) -> Client:
    return signed_in_client(staff)


def test_staff_see_whose_import_it_is_how_far_and_how_large(admin: Client, upload: Upload) -> None:
    read = upload(handmade(*posts(1, body="x" * 5000)))
    for page in (IMPORTS, f"{IMPORTS}{read.pk}/change/"):
        content = admin.get(page).content.decode()
        for shown in ("susan", "waiting for the member", "Handmade", "5.0\xa0KB"):
            assert shown in content


def test_an_imports_page_leads_to_its_tasks(admin: Client, upload: Upload) -> None:
    read = upload(handmade(*posts(1)))
    task = tasks_of(read).get()
    assert f'"/admin/tasks/task/{task.pk}/change/"' in admin.get(f"{IMPORTS}{read.pk}/change/").content.decode()


def test_staff_see_neither_the_file_nor_what_is_in_it(admin: Client, upload: Upload) -> None:
    read = upload(handmade({"source_id": "1", "body": "a secret"}))
    content = admin.get(f"{IMPORTS}{read.pk}/change/").content.decode()
    assert "susan" in content
    for hidden in ("a secret", "@susan@elsewhere.example", str(read.file.name)):
        assert hidden not in content


def test_staff_change_and_delete_nothing(admin: Client, upload: Upload) -> None:
    read = upload(handmade(*posts(1)))
    for action in ("change", "delete"):
        assert admin.post(f"{IMPORTS}{read.pk}/{action}/", {"stage": "done", "post": "yes"}).status_code == 403
    assert admin.get(f"{IMPORTS}add/").status_code == 403
