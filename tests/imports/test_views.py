"""The pages of imports over HTTP: who may do what, once, and what they are told."""

import csv
import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import LazySettings
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import get_language
from rq import Queue

from accounts.models import User
from imports.left_out import FORMULA_STARTS
from imports.models import Import, LeftOut, Stage, imports_storage
from imports.reasons import Reason
from imports.views import FORM_SIZE
from tasks import runner
from tasks.models import Task
from tests.imports.conftest import Upload, again, confirmed, handmade, imported, posts
from tests.members import signed_in_client

IN_PLACE = {"X-Live-Refresh": "1"}
"""As the page's script sends the form."""
READ = ["imports:import", "imports:left_out"]
POSTED = ["imports:confirm", "imports:discard", "imports:undo"]


@pytest.fixture(autouse=True)
def _empty_queue_and_no_limits(redis_queue: Queue, transactional_db: None) -> Iterator[None]:
    cache.clear()
    yield
    for name in imports_files():
        imports_storage().delete(name)


def imports_files() -> list[str]:
    """Return the names of all uploaded files that are kept."""
    try:
        folders = imports_storage().listdir("uploads")[0]
    except FileNotFoundError:
        return []
    return [
        f"uploads/{folder}/{name}" for folder in folders for name in imports_storage().listdir(f"uploads/{folder}")[1]
    ]


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def address(name: str, upload: Import) -> str:
    return reverse(name, args=[upload.pk])


def file_of(content: bytes, name: str = "archive.zip") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def waiting(upload: Upload) -> Import:
    """An import of two posts that waits for Susan's decision."""
    return upload(handmade(*posts(2), {"source_id": "r", "body": "to bob", "kind": "reply"}))


# --- Who may do it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*READ, *POSTED])
def test_another_members_import_does_not_exist(waiting: Import, john: User, name: str) -> None:
    method = "get" if name in READ else "post"
    assert getattr(signed_in_client(john), method)(address(name, waiting)).status_code == 404
    assert again(waiting).stage == Stage.PREVIEW


def test_another_members_import_is_in_no_list(waiting: Import, john: User, signed_in: Client) -> None:
    assert str(waiting.pk) in signed_in.get("/imports/").content.decode()
    assert str(waiting.pk) not in signed_in_client(john).get("/imports/").content.decode()


@pytest.mark.parametrize("name", [*READ, *POSTED])
def test_an_anonymous_visitor_is_sent_to_sign_in(waiting: Import, client: Client, name: str) -> None:
    target = address(name, waiting)
    response = client.get(target) if name in READ else client.post(target)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={quote(target)}")
    assert again(waiting).stage == Stage.PREVIEW


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_anonymous_visitor_signs_in_before_they_upload(client: Client, method: str) -> None:
    response = getattr(client, method)("/imports/", {"file": file_of(b"x")} if method == "post" else {})
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/imports/")
    assert not Import.objects.exists()


@pytest.mark.parametrize("name", [*READ, *POSTED])
def test_each_address_takes_its_own_method_only(waiting: Import, signed_in: Client, name: str) -> None:
    method = "post" if name in READ else "get"
    assert getattr(signed_in, method)(address(name, waiting)).status_code == 405
    assert signed_in.delete("/imports/").status_code == 405
    assert again(waiting).stage == Stage.PREVIEW


@pytest.mark.parametrize("name", POSTED)
def test_a_form_of_another_site_does_nothing(waiting: Import, susan: User, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(susan)
    assert client.post(address(name, waiting)).status_code == 403
    assert again(waiting).stage == Stage.PREVIEW


def test_an_upload_from_another_site_is_not_kept(susan: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(susan)
    assert client.post("/imports/", {"file": file_of(handmade())}).status_code == 403
    assert not Import.objects.exists()
    assert imports_files() == []


# --- The upload -----------------------------------------------------------------------------------------


def test_an_upload_leads_to_its_page_and_is_read(signed_in: Client, susan: User) -> None:
    response = signed_in.post("/imports/", {"file": file_of(handmade(*posts(2)), "my archive.txt")})
    upload = Import.objects.get(user=susan)
    assert (response.status_code, response["Location"]) == (302, address("imports:import", upload))
    assert upload.filename == "my archive.txt"
    assert "Reading your archive" in signed_in.get(response["Location"]).content.decode()
    runner.run(str(Task.objects.get().pk))
    assert "2 new posts" in signed_in.get(response["Location"]).content.decode()


def test_the_pages_script_is_told_the_address(signed_in: Client) -> None:
    response = signed_in.post("/imports/", {"file": file_of(handmade())}, headers=IN_PLACE)
    assert (response.status_code, response.content) == (201, b"")
    assert response["Location"] == address("imports:import", Import.objects.get())


def test_an_upload_without_a_file_says_so(signed_in: Client) -> None:
    response = signed_in.post("/imports/", {"file": "no file"})
    assert response.status_code == 422
    assert "Choose the file that you want to import." in response.content.decode()
    assert not Import.objects.exists()


def test_an_upload_of_an_announced_length_that_is_too_large_is_refused_unread(
    signed_in: Client, settings: LazySettings
) -> None:
    length = str(settings.IMPORT_MAX_SIZE + FORM_SIZE + 1)
    body: dict[str, Any] = {
        "wsgi.input": io.BytesIO(),
        "CONTENT_LENGTH": length,
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    response = signed_in.generic("POST", "/imports/", **body)
    assert response.status_code == 413
    assert "larger than this site accepts. Nothing was saved" in response.content.decode()


@pytest.mark.parametrize("is_development", [False, True])
def test_a_file_that_is_too_large_is_refused(signed_in: Client, settings: LazySettings, is_development: bool) -> None:
    settings.DEBUG = is_development
    settings.IMPORT_MAX_SIZE = 100
    assert signed_in.post("/imports/", {"file": file_of(b"x" * 101)}).status_code == 413
    assert not Import.objects.exists()
    assert signed_in.post("/imports/", {"file": file_of(b"x" * 100)}).status_code == 302


def test_a_second_upload_takes_the_place_of_the_first(signed_in: Client, waiting: Import) -> None:
    assert signed_in.post("/imports/", {"file": file_of(handmade())}).status_code == 302
    assert again(waiting).stage == Stage.DISCARDED
    assert str(waiting.pk) not in signed_in.get("/imports/").content.decode()


@pytest.mark.parametrize("work", ["import", "undo"])
def test_no_file_is_taken_while_an_import_or_an_undo_is_in_progress(
    signed_in: Client, waiting: Import, work: str
) -> None:
    if work == "import":
        confirmed(waiting)
    else:
        signed_in.post(address("imports:undo", imported(waiting)))
    before = Import.objects.count(), imports_files()
    response = signed_in.post("/imports/", {"file": file_of(handmade())})
    assert response.status_code == 422
    assert "An import is in progress. Wait until it has ended, or cancel it." in response.content.decode()
    assert (Import.objects.count(), imports_files()) == before


def test_an_upload_that_cannot_be_queued_says_so(signed_in: Client, unreachable_queue: None) -> None:
    response = signed_in.post("/imports/", {"file": file_of(handmade())})
    page = signed_in.get(response["Location"]).content.decode()
    assert "is unavailable" in page
    assert "Try again" in page


def test_uploads_that_follow_too_fast_are_refused(signed_in: Client, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "task": "1/10m/user"}
    answers = [signed_in.post("/imports/", {"file": file_of(handmade())}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 429]
    assert Import.objects.count() == 1
    assert signed_in.get("/imports/").status_code == 200


# --- Decisions ------------------------------------------------------------------------------------------


def test_what_is_confirmed_is_imported_with_the_chosen_kinds(signed_in: Client, waiting: Import, susan: User) -> None:
    response = signed_in.post(address("imports:confirm", waiting), {"kinds": ["reply"]})
    assert (response.status_code, response["Location"]) == (302, address("imports:import", waiting))
    runner.run(str(Task.objects.active().get().pk))
    assert again(waiting).report["imported"] == 3
    assert "3 posts imported" in signed_in.get(response["Location"]).content.decode()


def test_a_choice_that_was_not_offered_starts_nothing(signed_in: Client, waiting: Import) -> None:
    response = signed_in.post(address("imports:confirm", waiting), {"kinds": ["private"]})
    assert response.status_code == 422
    assert again(waiting).stage == Stage.PREVIEW


@pytest.mark.parametrize("name", ["imports:confirm", "imports:discard"])
def test_the_second_decision_changes_nothing(signed_in: Client, waiting: Import, name: str) -> None:
    signed_in.post(address(name, waiting))
    stage, tasks = again(waiting).stage, Task.objects.count()
    assert stage in {Stage.IMPORTING, Stage.DISCARDED}
    for second in ("imports:confirm", "imports:discard"):
        response = signed_in.post(address(second, waiting))
        assert told(response)[-1] == "This import has already been started or discarded."
    assert (again(waiting).stage, Task.objects.count()) == (stage, tasks)


def test_two_imports_do_not_run_at_once(signed_in: Client, upload: Upload) -> None:
    first, second = (Import.objects.get(pk=upload(handmade(*posts(1))).pk) for _ in range(2))
    confirmed(second)
    Import.objects.filter(pk=first.pk).update(stage=Stage.PREVIEW, file="uploads/any")
    response = signed_in.post(address("imports:confirm", first))
    assert told(response) == ["An import is in progress. Wait until it has ended, or cancel it."]
    assert again(first).stage == Stage.PREVIEW


def test_a_discarded_import_leaves_no_file(signed_in: Client, waiting: Import) -> None:
    response = signed_in.post(address("imports:discard", waiting))
    assert (response["Location"], told(response)) == ("/imports/", ["Discarded. We've deleted the file."])
    assert imports_files() == []
    assert "was discarded" in signed_in.get(address("imports:import", waiting)).content.decode()


def test_an_import_is_undone_once(signed_in: Client, waiting: Import, susan: User) -> None:
    own = susan.posts.count()
    target = address("imports:undo", imported(waiting))
    assert told(signed_in.post(target)) == []
    impossible = "This import can't be undone: another one is in progress, or its time is over."
    assert told(signed_in.post(target))[-1] == impossible
    runner.run(str(Task.objects.active().get().pk))
    assert susan.posts.count() == own
    assert told(signed_in.post(target))[-1] == impossible
    assert "You've undone this import" in signed_in.get(address("imports:import", waiting)).content.decode()


def test_what_has_not_begun_cannot_be_undone(signed_in: Client, waiting: Import) -> None:
    assert told(signed_in.post(address("imports:undo", waiting))) == [
        "This import can't be undone: another one is in progress, or its time is over."
    ]
    assert again(waiting).stage == Stage.PREVIEW


@pytest.mark.parametrize("name", ["imports:confirm", "imports:undo"])
def test_decisions_have_the_limit_of_jobs(
    signed_in: Client, waiting: Import, settings: LazySettings, name: str
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "task": "1/10m/user"}
    answers = [signed_in.post(address(name, waiting)).status_code for _ in range(2)]
    assert answers == [302, 429]


# --- The list of what was left out ----------------------------------------------------------------------


def rows_of(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")  # by which spreadsheets know UTF-8
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.fixture
def left_out(upload: Upload, signed_in: Client) -> Callable[[], Any]:
    """Return a function that downloads the list of an import that left out a boost and a damaged entry."""
    entries = [{"reason": "boost", "url": "https://e.example/1"}, {"reason": "unreadable"}, *posts(1)]
    ended = imported(upload(handmade(*entries)))
    return lambda: signed_in.get(address("imports:left_out", ended))


def test_what_was_left_out_is_listed_with_reason_and_link(left_out: Callable[[], Any]) -> None:
    response = left_out()
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="left-out-')
    assert rows_of(response) == [
        ["Reason", "Link", "Written at", "Detail"],
        ["someone else's post that you shared", "https://e.example/1", "", ""],
        ["damaged", "", "", ""],
    ]


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_no_spreadsheet_runs_the_list_as_formulas(left_out: Callable[[], Any], start: str) -> None:
    detail = f'{start}HYPERLINK("https://evil.example")'
    LeftOut.objects.filter(reason="unreadable").update(detail=detail, written_at="2020-01-02T03:04:05Z")
    assert rows_of(left_out())[-1] == ["damaged", "", "2020-01-02T03:04:05+00:00", f"'{detail}"]


def test_the_list_is_in_the_members_language_to_its_end(
    left_out: Callable[[], Any], susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are written when the request's language is no longer active."""
    User.objects.filter(pk=susan.pk).update(language="es")
    labels = [SimpleNamespace(value=reason, label=lazy(get_language, str)()) for reason in Reason.values]
    monkeypatch.setattr("imports.left_out.Reason", labels)
    monkeypatch.setattr("imports.left_out._", lambda _text: get_language())
    heading, *rows = rows_of(left_out())
    assert {*heading, *(row[0] for row in rows)} == {"es"}


def test_the_list_is_streamed(left_out: Callable[[], Any]) -> None:
    assert left_out().streaming


# --- Pages ----------------------------------------------------------------------------------------------


def test_a_long_list_of_imports_has_pages(signed_in: Client, susan: User) -> None:
    Import.objects.bulk_create(Import(user=susan, filename=f"file {n}", size=1, stage=Stage.DONE) for n in range(21))
    assert "?page=2" in signed_in.get("/imports/").content.decode()
    assert signed_in.get("/imports/?page=2").content.decode().count("export-row-facts") == 1


def test_a_finished_import_that_left_something_out_offers_the_list(signed_in: Client, upload: Upload) -> None:
    for entries, is_offered in (([{"reason": "boost"}], True), ([], False)):
        ended = imported(upload(handmade(*posts(1), *entries)))
        page = signed_in.get(address("imports:import", ended)).content.decode()
        assert (address("imports:left_out", ended) in page) is is_offered
