"""Every error under /api/ is problem details, whatever it comes from; and how requests are limited."""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.test import Client
from django.urls import path

from accounts.models import User
from core.requests.bounds import BODY_LIMIT
from microblog_project import urls
from tasks.models import Task
from tests.api.conftest import client_of
from tests.security.headers import missing_headers

EXPORTS = "/api/v1/exports"
JSON = "application/json"


def broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("mbt_secret")


def cut_off(_request: HttpRequest) -> HttpResponse:
    raise UnreadablePostError


urlpatterns = [path("api/broken", broken), *urls.urlpatterns]
handler400, handler429, handler500 = urls.handler400, urls.handler429, urls.handler500


def assert_problem(response: Any, status: int, code: str = "") -> dict[str, Any]:
    """Assert that the answer is problem details with all headers of the site; return them."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert not missing_headers(response)
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= body.keys()
    assert (body["status"], body["request_id"]) == (status, response["X-Request-ID"])
    assert not code or body["code"] == code
    assert response["Cache-Control"] == "private, no-store"
    return body


@pytest.mark.parametrize("address", ["/api/", "/api/v1/", "/api/v1/nowhere", "/api/v2/exports", "/api/v1/exports/x"])
def test_an_address_that_is_not_there(api: Client, address: str) -> None:
    assert_problem(api.get(address), 404, "not_found")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_another_method(api: Client, method: str) -> None:
    response = getattr(api, method)(EXPORTS)
    assert_problem(response, 405, "method_not_allowed")
    assert set(response["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("body", [b"{", b"nothing", b'{"kind": "posts"', b"\x00", b'"\xff"', b"[" * 100_000])
def test_a_body_that_is_no_json(api: Client, body: bytes) -> None:
    response = api.post(EXPORTS, body, content_type=JSON)
    assert_problem(response, 400)
    assert not Task.objects.exists()


@pytest.mark.parametrize("body", ["[]", "null", '"posts"', "1", '{"kind": {"kind": "posts"}}'])
def test_json_of_another_shape(api: Client, body: str) -> None:
    assert assert_problem(api.post(EXPORTS, body, content_type=JSON), 422)["errors"]
    assert not Task.objects.exists()


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_of_another_type(api: Client, content_type: str) -> None:
    response = api.generic("POST", EXPORTS, b'{"kind": "posts"}', content_type=content_type)
    assert_problem(response, 415)
    assert response["Accept-Post"] == JSON
    assert not Task.objects.exists()


def test_a_body_that_is_too_large(api: Client) -> None:
    assert_problem(api.post(EXPORTS, b" " * (BODY_LIMIT + 1), content_type=JSON), 413)


@pytest.mark.parametrize("header", [{"CONTENT_LENGTH": "many"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_body_of_unknown_length(api: Client, header: dict[str, Any]) -> None:
    problem = assert_problem(api.generic("POST", EXPORTS, b"", content_type=JSON, **header), 400)
    assert "Content-Length" in problem["detail"]


@pytest.mark.urls(__name__)
def test_an_error_of_ours_tells_nothing_but_its_id(db: None) -> None:
    response = Client(raise_request_exception=False).get("/api/broken")
    assert_problem(response, 500, "internal_server_error")
    assert "secret" not in response.content.decode()


@pytest.mark.urls(__name__)
def test_in_development_too(db: None, settings: LazySettings) -> None:
    settings.DEBUG = True
    response = Client(raise_request_exception=False).get("/api/broken")
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert "secret" not in response.content.decode()


def test_an_error_inside_an_operation(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.exports.page_of", broken)
    api.raise_request_exception = False
    assert_problem(api.get(EXPORTS), 500)


def test_a_client_that_hangs_up_is_no_error_of_ours(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.http.HttpRequest.body", property(cut_off))
    assert_problem(api.post(EXPORTS, {"kind": "posts"}, content_type=JSON), 400)


def test_maintenance(api: Client, settings: LazySettings) -> None:
    settings.MAINTENANCE = True
    response = api.get(EXPORTS)
    assert_problem(response, 503, "service_unavailable")
    assert int(response["Retry-After"]) > 0


def test_another_host(api: Client) -> None:
    assert_problem(api.get(EXPORTS, headers={"Host": "evil.example"}), 400)


def test_texts_are_in_the_language_of_the_program_or_its_member(susan: User, api: Client) -> None:
    spanish = {"Accept-Language": "es"}
    nowhere = "/api/v1/nowhere"
    assert api.get(nowhere, headers=spanish).json()["detail"] != api.get(nowhere).json()["detail"]
    wrong = {"Authorization": "Bearer wrong"}
    english = Client().get(EXPORTS, headers=wrong)
    assert Client().get(EXPORTS, headers={**wrong, **spanish}).json()["detail"] != english.json()["detail"]
    no_scope = client_of(susan, "exports:write", name="other")
    before = no_scope.get(EXPORTS).json()["detail"]
    User.objects.filter(pk=susan.pk).update(language="es")
    assert no_scope.get(EXPORTS).json()["detail"] != before


def test_pages_have_pages_for_their_errors(client: Client, db: None) -> None:
    for address in ("/nowhere/", "/apidocs", "/api"):
        assert client.get(address)["Content-Type"].startswith("text/html")
    assert client.post("/api/v1/docs").status_code == 405
    assert client.post("/api/v1/docs")["Content-Type"].startswith("text/html")


# --- Limits ---------------------------------------------------------------------------------------------


@pytest.fixture
def limited(settings: LazySettings) -> None:
    limits = {"api": "3/10m/user", "task": "1/10m/user"}
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, **limits}


def left(response: Any) -> list[tuple[str, int]]:
    """Return how many requests are left, by the limit's name."""
    found = re.findall(r'"(\w+)";r=(\d+);t=(\d+)', response["RateLimit"])
    assert all(0 < int(seconds) <= 600 for _name, _left, seconds in found)
    return [(name, int(number)) for name, number, _seconds in found]


def test_each_answer_says_what_is_left(api: Client, limited: None) -> None:
    first = api.get(EXPORTS)
    assert first["RateLimit-Policy"] == '"api";q=3;w=600'
    assert left(first) == [("api", 2)]
    assert left(api.head(EXPORTS)) == [("api", 1)]
    assert left(api.get(f"{EXPORTS}/00000000-0000-4000-8000-000000000000")) == [("api", 0)]
    refused = api.get(EXPORTS)
    assert_problem(refused, 429, "too_many_requests")
    assert left(refused) == [("api", 0)]
    assert 0 < int(refused["Retry-After"]) <= 600


def test_starting_has_a_limit_of_its_own(api: Client, limited: None) -> None:
    started = api.post(EXPORTS, {"kind": "posts"}, content_type=JSON)
    assert started["RateLimit-Policy"] == '"api";q=3;w=600, "task";q=1;w=600'
    assert left(started) == [("api", 2), ("task", 0)]
    refused = api.post(EXPORTS, {"kind": "archive"}, content_type=JSON)
    assert_problem(refused, 429)
    assert Task.objects.count() == 1
    assert api.get(EXPORTS).status_code == 200


def test_the_site_and_the_api_share_the_limit_of_starts(api: Client, signed_in: Client, limited: None) -> None:
    assert signed_in.post("/exports/", {"kind": "posts"}).status_code == 302
    assert api.post(EXPORTS, {"kind": "archive"}, content_type=JSON).status_code == 429


def test_another_token_of_the_member_shares_the_limit_and_another_members_does_not(
    susan: User, john: User, api: Client, limited: None
) -> None:
    for _ in range(3):
        api.get(EXPORTS)
    assert client_of(susan, name="other").get(EXPORTS).status_code == 429
    assert client_of(john).get(EXPORTS).status_code == 200


def test_a_wrong_scope_counts_too(susan: User, limited: None) -> None:
    client = client_of(susan, "imports:write")
    assert [client.get(EXPORTS).status_code for _ in range(4)] == [403, 403, 403, 429]


def test_a_request_that_finds_the_count_locked_is_asked_to_wait_a_moment(api: Client, limited: None) -> None:
    api.get(EXPORTS)
    [key] = [key for key in rate_limit_keys() if not key.endswith(":lock")]
    cache.set(f"{key}:lock", True)
    refused = api.get(EXPORTS)
    assert_problem(refused, 429)
    assert (left(refused), refused["Retry-After"]) == ([("api", 2)], "1")


def rate_limit_keys() -> list[str]:
    """Return the cache's keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM rate_limits WHERE cache_key LIKE '%:api:%'")
        return [str(row[0]).removeprefix(":1:") for row in cursor.fetchall()]


def test_without_limits_nothing_is_said_of_them(api: Client) -> None:
    assert "RateLimit" not in api.get(EXPORTS)
