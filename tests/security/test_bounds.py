"""Oversized input is refused unread, and parsing time is proportional to length."""

import io
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from accounts.models import User
from core.requests.bounds import BODY_LIMIT, VALUE_LIMIT, takes_up_to
from inbox.models import MAX_CHARACTERS as MESSAGE_CHARACTERS
from microblog_project import urls, wsgi
from microblog_project.wsgi import plain_content_type
from posts.validators import count_characters, validate_body
from tests.members import signed_in_client
from tests.security.headers import missing_headers
from tests.security.hostile import NAMES, routes

COSTLY = {
    "halves of flags": "\U0001f1e6",
    "halves of flags with marks": "\U0001f1e6\u0301",
    "flags that are joined": "\U0001f1e6\U0001f1e7\u200d",
    "marks": "\u0301",
    "marks in disorder": "\u0301\u0327",
    "a long family": "👩\u200d",
    "joined consonants": "\u0995\u09cd",
    "stacked consonants": "\u1000\u1039",
    "joined syllables": "\u1100",
    "spaces": "x ",
    "letters": "x",
}
DISORDER = "\u0301\u0327" * (VALUE_LIMIT // 2)
"""The longest value that is read, of marks that a normalisation sorts in quadratic time."""
ENOUGH = 0.5  # seconds of one processor; what this is about took 2 to 80


@takes_up_to(2 * BODY_LIMIT)
def taking(request: HttpRequest) -> HttpResponse:
    """Tell what was taken."""
    return HttpResponse(f"{len(request.POST.get('note', ''))} {sum(map(len, request.FILES['file']))}")


urlpatterns = [path("taking/", taking), *urls.urlpatterns]
handler400, handler429, handler500 = urls.handler400, urls.handler429, urls.handler500

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests(db: None) -> None:
    cache.clear()


class Unreadable(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_args: Any) -> bytes:
        raise AssertionError("The body was read.")

    readline = read


def seconds_of(work: Callable[[], Any]) -> float:
    """Return the time that this thread's processor takes for the work, which other processes do not change."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


# --- Bodies ---------------------------------------------------------------------------------------------

ADDRESSES = ["/", "/nowhere/", "/accounts/login/", "/search/", "/admin/", "/admin/accounts/user/add/", "/healthz"]


def announce(client: Client, address: str, method: str = "POST", **headers: Any) -> Any:
    """Send a request whose body must not be read."""
    form = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(BODY_LIMIT + 1)}
    return client.generic(method, address, **{"wsgi.input": Unreadable(), **form, **headers})


@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_large_body_is_refused_unread_at_every_url(db: None, address: str, method: str) -> None:
    response = announce(Client(), address, method)
    assert response.status_code == 413
    assert "larger than this site accepts. Nothing was saved" in response.content.decode()
    assert not missing_headers(response)


def test_a_content_length_with_thousands_of_digits_is_too_large(db: None) -> None:
    assert announce(Client(), "/nowhere/", CONTENT_LENGTH="9" * 5000).status_code == 413


@pytest.mark.parametrize("length", ["-1", "-99", "+5", "1_000_000_000", "\u0663", " 5", "5, 5", "0x10", "many"])
def test_a_content_length_that_is_not_a_number_is_refused_unread(db: None, length: str) -> None:
    """Python reads most of these as one."""
    for address in ADDRESSES:
        response = announce(Client(), address, CONTENT_LENGTH=length)
        assert response.status_code == 400
        assert "(Content-Length) as a number" in response.content.decode()


def test_an_oversized_body_is_refused_to_staff_in_development_too(staff: User, settings: LazySettings) -> None:
    settings.DEBUG = True
    for address in ADDRESSES:
        assert announce(signed_in_client(staff), address).status_code == 413


@pytest.mark.parametrize("is_development", [False, True])
@pytest.mark.parametrize("address", ["/search/", "/nowhere/", "/admin/", "/notifications/"])
def test_too_many_fields_are_refused_in_query_and_body(
    member: User, settings: LazySettings, address: str, is_development: bool
) -> None:
    """In development, the page of the error would be one of it again, until no answer is left."""
    settings.DEBUG = is_development
    fields = "a&" * 1_100
    form = "application/x-www-form-urlencoded"
    for client in (Client(), signed_in_client(member)):
        answers = [client.get(f"{address}?{fields}"), client.post(f"{address}?{fields}")]
        if address != "/nowhere/":
            answers.append(client.post(address, fields, content_type=form))
        assert {response.status_code for response in answers} == {413}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_request_without_content_length_is_refused_unread(db: None, address: str) -> None:
    response = announce(Client(), address, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert response.status_code == 400
    assert "with its length" in response.content.decode()


@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/search/", "/exports/"])
def test_only_views_that_opt_in_accept_uploads(member: User, address: str) -> None:
    for client in (Client(), signed_in_client(member)):
        response = client.post(address, {"body": "hello", "file": SimpleUploadedFile("a.txt", b"words")})
        assert response.status_code == 400
        assert "accept files" in response.content.decode()
    assert not member.posts.exists()


def test_a_view_that_opts_in_accepts_uploads_up_to_its_limit(db: None) -> None:
    client = Client()
    file = SimpleUploadedFile("a.txt", b"x" * BODY_LIMIT)
    assert client.post("/taking/", {"note": "y" * 5000, "file": file}).content == f"5000 {BODY_LIMIT}".encode()
    assert announce(client, "/taking/", CONTENT_LENGTH=str(2 * BODY_LIMIT + 1)).status_code == 413


def test_a_large_upload_of_a_visitor_leads_to_sign_in_unread(db: None) -> None:
    response = announce(Client(), "/imports/", CONTENT_LENGTH=str(5 * BODY_LIMIT))
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/imports/")
    script = announce(Client(), "/imports/", CONTENT_LENGTH=str(5 * BODY_LIMIT), HTTP_X_LIVE_REFRESH="1")
    assert script.status_code == 403
    assert not missing_headers(response)


def test_the_page_of_imports_takes_a_members_large_file(member: User) -> None:
    file = SimpleUploadedFile("a.txt", b"x" * 2 * BODY_LIMIT)
    assert signed_in_client(member).post("/imports/", {"file": file}).status_code == 302
    assert member.imports.get().size == 2 * BODY_LIMIT


def test_the_page_of_imports_has_a_limit_for_members_too(member: User, settings: LazySettings) -> None:
    too_large = str(settings.IMPORT_MAX_SIZE + BODY_LIMIT)
    assert announce(signed_in_client(member), "/imports/", CONTENT_LENGTH=too_large).status_code == 413


@pytest.mark.parametrize("address", ["confirm", "discard", "undo"])
def test_the_other_pages_of_imports_take_small_forms_only(member: User, address: str) -> None:
    client = signed_in_client(member)
    target = f"/imports/00000000-0000-4000-8000-000000000000/{address}/"
    assert announce(client, target).status_code == 413
    assert client.post(target, {"file": SimpleUploadedFile("a.txt", b"words")}).status_code == 400


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Callable[[int], None]:
    """Return a function that leaves so many bytes free on the disk, above the reserve."""

    def leave(size: int) -> None:
        free = settings.EXPORT_FREE_SPACE_RESERVE + size
        monkeypatch.setattr("core.requests.uploads.shutil.disk_usage", lambda _folder: SimpleNamespace(free=free))

    return leave


def test_a_body_that_the_disk_has_no_room_for_is_refused_unread(
    member: User, full_disk: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    full_disk(3 * BODY_LIMIT)
    response = announce(signed_in_client(member), "/imports/", CONTENT_LENGTH=str(4 * BODY_LIMIT))
    assert response.status_code == 507
    assert "enough free space for your file right now. Nothing was saved." in response.content.decode()
    assert not missing_headers(response)
    [line] = [record for record in caplog.records if record.name == "core.requests.uploads"]
    assert line.levelname == "ERROR"  # which staff are emailed
    assert f"{Path(django_settings.FILE_UPLOAD_TEMP_DIR)} has " in line.getMessage()


@pytest.mark.parametrize("is_development", [False, True])
def test_an_upload_stops_before_the_disk_is_full(
    member: User,
    full_disk: Callable[[int], None],
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    is_development: bool,
) -> None:
    """Other files may come onto the disk while it is written."""
    settings.DEBUG = is_development
    write = TemporaryFileUploadHandler.receive_data_chunk

    def fill(handler: Any, content: bytes, start: int) -> None:
        write(handler, content, start)
        full_disk(10)

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", fill)
    file = SimpleUploadedFile("a.txt", b"x" * 2 * BODY_LIMIT)
    response = signed_in_client(member).post("/imports/", {"file": file})
    assert response.status_code == (400 if is_development else 507)
    assert not member.imports.exists()
    assert list(Path(django_settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*")) == []


def test_other_forms_are_taken_when_the_disk_is_full(member: User, full_disk: Callable[[int], None]) -> None:
    full_disk(0)
    assert signed_in_client(member).post("/", {"body": "hello"}).status_code == 302  # as multipart/form-data


def test_the_longest_message_fits_even_when_escaped(member: User, stranger: User) -> None:
    longest = ("e" + "\u0331" * 9) * MESSAGE_CHARACTERS
    validate_body(longest, MESSAGE_CHARACTERS)
    client = signed_in_client(member)
    response = client.post(f"/messages/{stranger.username}/", {"body": longest})
    assert response.status_code == 302
    assert member.messages_sent.get().body == longest


# --- Values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visitor", ["signed out", "staff"])
def test_forms_refuse_overlong_values_and_stay_fast(staff: User, visitor: str) -> None:
    client = Client() if visitor == "signed out" else signed_in_client(staff)
    too_long = dict.fromkeys(("next", "username", "password", "email"), DISORDER + "x")
    longest = dict.fromkeys({*NAMES} - {"body"}, DISORDER)
    wrong = {}
    for address in {re.sub("<[a-z0-9_]+>", "1", route) for route in routes()} - {"/taking/"}:
        status = client.post(address, too_long).status_code
        seconds = seconds_of(partial(client.post, address, longest))
        if status < 300 or seconds > ENOUGH:
            wrong[address] = status, seconds
    assert not wrong


@pytest.mark.parametrize("field", ["next", "login", "password", "remember", "csrfmiddlewaretoken"])
def test_an_overlong_value_is_refused_before_it_is_read(db: None, field: str) -> None:
    value = "http://" + "\u0301\u0327" * 20_000  # of `next`, this took 8 seconds
    assert Client().post("/accounts/login/", {field: value}).status_code == 413
    assert Client().get("/accounts/login/", {field: value}).status_code == 413


# --- Texts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_counting_characters_takes_linear_time(text: str) -> None:
    long = (text * 160_000)[:160_000]
    assert seconds_of(lambda: count_characters(long)) < ENOUGH


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
@pytest.mark.parametrize("address", ["/", "/messages/stranger/"])
def test_an_overlong_text_is_refused_quickly_and_kept_in_the_form(
    member: User, stranger: User, text: str, address: str
) -> None:
    client = signed_in_client(member)
    long = (text * 60_000)[:60_000].strip()
    form = {"body": long}
    answers: list[Any] = []
    seconds = seconds_of(lambda: answers.append(client.post(address, form)))
    assert answers[0].status_code == 422
    assert long in answers[0].content.decode()
    assert seconds < ENOUGH


def test_an_overlong_text_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.validators.count_characters", pytest.fail)
    with pytest.raises(ValidationError, match="1400 code points, and your text has 1401"):
        validate_body("\x00" * 1401)


# --- Encodings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "utf-16", "idna", "punycode"])
def test_texts_are_utf_8_whatever_the_request_claims(member: User, charset: str) -> None:
    client = signed_in_client(member)
    body = b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n\\ud800\r\n--x--\r\n'
    response = client.generic("POST", "/", body, f"multipart/form-data; boundary=x; charset={charset}")
    assert response.status_code == 302
    assert member.posts.get().body == "\\ud800"
    response = client.generic("POST", "/search/?q=%5cud800", b"", f"text/plain; charset={charset}")
    assert response.status_code == 405


@pytest.mark.parametrize(
    "content_type",
    ["text/plain; charset=hex", "text/plain; charset*=nonsense''%ff", "multipart/form-data; boundary*=nonsense''x"],
)
def test_an_unreadable_content_type_is_not_a_server_error(monkeypatch: pytest.MonkeyPatch, content_type: str) -> None:
    environ = RequestFactory().generic("POST", "/?q=a").environ | {"CONTENT_TYPE": content_type}
    with pytest.raises((LookupError, ValueError)):
        WSGIRequest(environ.copy())  # before any middleware
    monkeypatch.setattr(wsgi, "django_application", lambda environ, _start: [WSGIRequest(environ).path.encode()])
    assert list(wsgi.application(environ, print)) == [b"/"]


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("", ""),
        ("text/plain;charset=x", "text/plain"),
        ('multipart/form-data; charset=x; boundary="a b;c"; d=e', 'multipart/form-data; boundary="a b;c"'),
        ("multipart/form-data; Boundary=----x;charset=y", "multipart/form-data; Boundary=----x"),
    ],
)
def test_only_the_boundary_of_a_content_type_is_kept(given: str, plain: str) -> None:
    assert plain_content_type(given) == plain
