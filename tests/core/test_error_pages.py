"""The pages of what goes wrong: words that help, in the visitor's language, and nothing of our insides."""

import pytest
from django.conf import LazySettings
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.models import User
from microblog_project import urls
from tests.members import signed_in_client
from tests.security.headers import missing_headers

INSIDES = "the table of secrets"


def broken(_request: HttpRequest, kind: str) -> HttpResponse:
    """Raise what a view can raise."""
    kinds = {"400": BadRequest, "403": PermissionDenied, "404": Http404, "500": RuntimeError, "db": OperationalError}
    raise kinds[kind](INSIDES)


urlpatterns = [path("broken/<str:kind>/", broken), *urls.urlpatterns]
handler400, handler429, handler500 = urls.handler400, urls.handler429, urls.handler500

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/broken/400/", 400, "We couldn't understand this address or form."),
        ("/broken/403/", 403, "You don't have permission to do this."),
        ("/broken/404/", 404, "There's no page at this address."),
        ("/nowhere/", 404, "There's no page at this address."),
        ("/user/nobody/", 404, "There's no page at this address."),
        ("/broken/500/", 500, "The error is ours, and our team has been notified."),
    ],
)
def test_each_page_says_what_happened_and_leads_on(
    visitor: Client, member: User, address: str, status: int, words: str
) -> None:
    for is_signed_in in (False, True):
        if is_signed_in:
            visitor.force_login(member)
        response = visitor.get(address)
        page = response.content.decode()
        assert response.status_code == status
        assert words in page
        assert 'href="/"' in page
        assert not missing_headers(response)
        assert ('id="sign-out"' in page) == (is_signed_in and status != 500)


def test_only_words_that_were_meant_for_the_visitor_are_shown(visitor: Client, db: None) -> None:
    pages = {kind: visitor.get(f"/broken/{kind}/").content.decode() for kind in ("400", "403", "404", "500")}
    assert [kind for kind, page in pages.items() if INSIDES in page] == ["400"]
    for address in ("/nowhere/", "/user/nobody/"):
        page = visitor.get(address).content.decode()
        assert "tried" not in page
        assert "matches the given query" not in page


def test_a_form_without_its_token_says_that_nothing_was_changed(member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    response = client.post("/", {"body": "Hello"})
    assert response.status_code == 403
    assert "Nothing was changed" in response.content.decode()
    assert member.posts.count() == 0


# --- Too large ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"body": "x" * 3_000_000}, id="too large"),
        pytest.param({f"field{n}": "" for n in range(1001)}, id="too many fields"),
    ],
)
def test_a_form_that_is_too_large_is_413_with_an_explanation(member: User, form: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)  # which is when the form is first read
    client.force_login(member)
    client.get("/")
    response = client.post("/", form)
    page = response.content.decode()
    assert response.status_code == 413
    assert "larger than this site accepts. Nothing was saved" in page
    assert 'id="sign-out"' in page
    assert not missing_headers(response)


# --- 500 ------------------------------------------------------------------------------------------------


def test_the_500_page_asks_no_database(visitor: Client) -> None:
    # No `db` fixture: a query would fail, and with it the page.
    response = visitor.get("/broken/db/")
    assert response.status_code == 500
    assert '<html lang="en" dir="ltr">' in response.content.decode()


@pytest.mark.parametrize("address", ["/broken/500/", "/"])
def test_the_500_page_speaks_the_visitors_language_even_if_the_database_is_unavailable(
    visitor: Client, settings: LazySettings, address: str
) -> None:
    visitor.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32  # "/" asks whose it is, and no test database is there
    response = visitor.get(address, headers={"accept-language": "es"})
    assert response.status_code == 500
    assert '<html lang="es" dir="ltr">' in response.content.decode()
    assert "Algo ha fallado" in response.content.decode()
    following = visitor.get("/broken/500/", headers={"accept-language": "en"})
    assert '<html lang="en"' in following.content.decode()


def test_the_500_page_speaks_the_members_language(member: User) -> None:
    User.objects.filter(pk=member.pk).update(language="es")
    client = signed_in_client(member)
    client.raise_request_exception = False
    assert '<html lang="es"' in client.get("/broken/500/").content.decode()


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 300])
def test_a_page_of_an_error_survives_a_body_that_cannot_be_read(db: None, content_type: str) -> None:
    answer = Client().generic("POST", "/nowhere/", b"x=1", content_type)
    assert answer.status_code == 404
