"""Forms that come too late: the way back to their page, what was not done, and what was written."""

import re
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import Session, User
from core.requests.interrupted import NOT_DONE
from posts.models import Post
from tests.members import PASSWORD, signed_in_client

HERE = "http://testserver"
TEXT = "  Long <thought> & one more\nline "


@pytest.fixture(autouse=True)
def no_limits_left_over(db: None) -> None:
    cache.clear()


def sign_in(client: Client, address: str, name: str = "susan") -> str:
    """Sign in where a form led to, and return the page that is shown then."""
    assert address.startswith("/accounts/login/?next=")
    answer = client.post(address, {"login": name, "password": PASSWORD}, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


BUTTONS = [
    (reverse("exports:list"), "no export was started"),
    (reverse("tasks:cancel", args=[UUID(int=1)]), "nothing was cancelled"),
    (reverse("tasks:retry", args=[UUID(int=1)]), "nothing was started again"),
    (reverse("imports:list"), "no file was uploaded"),
    (reverse("imports:confirm", args=[UUID(int=1)]), "nothing was imported"),
    (reverse("imports:discard", args=[UUID(int=1)]), "the import wasn&#x27;t discarded"),
    (reverse("imports:undo", args=[UUID(int=1)]), "the import wasn&#x27;t undone"),
    (reverse("exports:delete", args=[UUID(int=1)]), "the file wasn&#x27;t deleted"),
    (reverse("exports:mail", args=[UUID(int=1)]), "no email was sent"),
    (reverse("posts:remove", args=[1]), "your post wasn&#x27;t deleted"),
    (reverse("posts:restore", args=[1]), "your post wasn&#x27;t restored"),
    (reverse("accounts:follow", args=["susan"]), "you don&#x27;t follow this member yet"),
    (reverse("accounts:unfollow", args=["susan"]), "you still follow this member"),
    (reverse("notifications:dismiss", args=[1]), "the alert wasn&#x27;t dismissed"),
    (reverse("accounts:delete"), "your account won&#x27;t be deleted"),
    (reverse("accounts:delete_undo"), "your account will still be deleted"),
    (reverse("api:tokens"), "no token was made"),
    (reverse("api:revoke", args=[1]), "the token wasn&#x27;t revoked"),
    (reverse("account_email"), "your email address wasn&#x27;t changed"),
    (reverse("account_change_password"), "your password wasn&#x27;t changed"),
    (reverse("account_reauthenticate"), "your request wasn&#x27;t completed"),
]


ELSEWHERE = ["", "http://[", "https://evil.example/explore/", "http://testserver//evil.example/", "//evil.example/"]


@pytest.mark.parametrize(
    ("address", "clause", "came_from"),
    [
        *((*button, "http://testserver/search/?q=tea&in=posts") for button in BUTTONS),
        *((*BUTTONS[0], came_from) for came_from in ELSEWHERE),
    ],
)
def test_a_button_leads_back_to_its_page_which_says_what_was_not_done(
    client: Client, member: User, address: str, clause: str, came_from: str
) -> None:
    login = client.post(address, headers={"Referer": came_from})
    assert "signed out" in client.get(login.url).content.decode()  # type: ignore[attr-defined]
    answer = client.post(login.url, {"login": "susan", "password": PASSWORD}, follow=True)  # type: ignore[attr-defined]
    assert answer.status_code == 200
    here = came_from.removeprefix(HERE) if "/search/" in came_from else None
    assert answer.redirect_chain[-1][0] in ([here] if here else [address, "/"])
    assert f"You had been signed out, so {clause}. Try again." in answer.content.decode()
    assert "You had been signed out" not in client.get("/").content.decode()


def test_a_button_with_its_page_in_the_form_leads_back_there(client: Client, member: User) -> None:
    login = client.post("/posts/1/remove/", {"next": "/user/susan/?before=9"})
    assert login["Location"] == "/accounts/login/?next=/user/susan/%3Fbefore%3D9"
    evil = client.post("/posts/1/remove/", {"next": "https://evil.example/"})
    assert evil["Location"] == "/accounts/login/?next=/posts/1/remove/"


def test_every_address_that_wants_a_member_is_among_those_that_say_what_was_not_done() -> None:
    assert {str(clause).replace("'", "&#x27;") for clause in NOT_DONE.values()} <= {
        *(clause for _address, clause in BUTTONS),
        "your post wasn&#x27;t published",
        "your message wasn&#x27;t sent",
        "your profile wasn&#x27;t saved",
    }


WRITTEN = [("/", "body"), ("/messages/stranger/", "body"), ("/accounts/profile/", "about_me")]


def text_in(page: str, name: str) -> str:
    found = re.search(rf'<textarea name="{name}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert found, page
    return found[1]


@pytest.mark.parametrize(("address", "name"), WRITTEN)
def test_a_text_is_restored_to_its_form_once(
    client: Client, member: User, stranger: User, address: str, name: str
) -> None:
    login = client.post(address, {name: TEXT, "member": member.pk}, headers={"Referer": f"{HERE}{address}"})
    page = sign_in(client, login.url)  # type: ignore[attr-defined]
    assert text_in(page, name).strip() == "Long &lt;thought&gt; &amp; one more\nline"
    assert "Try again." in page
    assert text_in(client.get(address).content.decode(), name).strip() == ""
    assert not Post.objects.exists()


def test_a_new_email_address_is_in_its_form_again(client: Client, member: User) -> None:
    login = client.post("/accounts/email/", {"email": "new@example.com", "action_add": "", "member": member.pk})
    page = sign_in(client, login.url)  # type: ignore[attr-defined]
    assert 'value="new@example.com"' in page
    assert "new@example.com" not in client.get("/accounts/email/").content.decode()


def test_a_text_is_kept_after_a_mistyped_password(client: Client, member: User) -> None:
    login = client.post("/", {"body": TEXT}).url  # type: ignore[attr-defined]
    client.post(login, {"login": "susan", "password": "wrong"})
    assert "thought" in text_in(sign_in(client, login), "body")


def test_a_members_text_is_not_shown_to_another(client: Client, member: User, stranger: User) -> None:
    login = client.post("/", {"body": TEXT, "member": member.pk}).url  # type: ignore[attr-defined]
    page = sign_in(client, login, "stranger")
    assert "thought" not in page
    assert "Try again" not in page


def test_no_password_and_no_endless_text_is_kept(client: Client, member: User) -> None:
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "x" * 20, "body": "y" * 99_999})
    kept = str(dict(client.session))
    assert PASSWORD not in kept
    assert "x" * 20 not in kept
    assert len(kept) < 25_000


def test_a_script_gets_an_error_and_no_redirect(client: Client, member: User) -> None:
    answer = client.post("/notifications/1/dismiss/", headers={"X-Live-Refresh": "1"})
    assert answer.status_code == 403
    assert "kept_form" not in client.session


def test_staff_are_told_too(client: Client, staff: User) -> None:
    login = client.post("/admin/posts/post/", {"action": "delete_selected"}).url  # type: ignore[attr-defined]
    assert "your request wasn&#x27;t completed" in sign_in(client, login, "staff")


# --- After a sign-in in another tab ---------------------------------------------------------------------


@pytest.fixture
def careful(member: User) -> Client:
    """A browser whose forms are checked."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    return client


@pytest.mark.parametrize(("address", "name"), WRITTEN)
@pytest.mark.parametrize("headers", [{"Origin": HERE}, {"Referer": f"{HERE}/explore/"}])
@pytest.mark.usefixtures("stranger")
def test_a_form_with_an_old_token_is_refused_by_a_page_that_keeps_what_was_written(
    careful: Client, member: User, address: str, name: str, headers: dict[str, str]
) -> None:
    answer = careful.post(address, {name: TEXT, "member": member.pk}, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Long &lt;thought&gt;" in page
    assert f'href="{"/explore/" if "Referer" in headers else address}"' in page
    assert "thought" in text_in(careful.get(address).content.decode(), name)


def test_a_members_text_is_shown_to_them_only_and_not_kept_for_the_next_member(careful: Client, stranger: User) -> None:
    answer = careful.post("/", {"body": TEXT, "member": stranger.pk}, headers={"Origin": HERE})
    assert "thought" in answer.content.decode()
    assert "thought" not in careful.get("/").content.decode()


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Referer": "http://["}]
)
def test_a_text_from_another_site_is_neither_shown_nor_kept(
    careful: Client, member: User, headers: dict[str, str]
) -> None:
    answer = careful.post("/", {"body": TEXT, "member": member.pk}, headers=headers)
    assert answer.status_code == 403
    assert "thought" not in answer.content.decode()
    assert "thought" not in careful.get("/").content.decode()


def test_a_form_that_is_refused_shows_no_password(careful: Client, member: User) -> None:
    form = {"login": "susan", "password": PASSWORD, "next": "/messages/"}
    page = careful.post("/accounts/login/", form, headers={"Origin": HERE}).content.decode()
    assert PASSWORD not in page
    assert 'href="/messages/"' in page


# --- 405 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("GET", "/posts/1/remove/", "POST"),
        ("GET", "/exports/00000000-0000-0000-0000-000000000000/cancel/", "POST"),
        ("GET", "/accounts/language/", "POST"),
        ("POST", "/explore/", "GET"),
        ("DELETE", "/", "GET, HEAD, POST"),
    ],
)
def test_a_method_that_is_not_taken_gets_a_page(
    client: Client, member: User, method: str, address: str, allowed: str
) -> None:
    for visitor in (client, signed_in_client(member)):
        answer = visitor.generic(method, address)
        if answer.status_code == 302:
            continue
        assert answer.status_code == 405
        assert answer["Allow"] == allowed
        assert 'class="site-header"' in answer.content.decode()


def test_machines_get_no_page(client: Client, settings: LazySettings) -> None:
    assert client.post("/healthz").content == b""


def test_of_what_anybody_sends_only_a_little_is_kept(member: User) -> None:
    for _ in range(12):
        assert Client().post("/", {"body": TEXT})["Location"].startswith("/accounts/login/")
        careless = Client(enforce_csrf_checks=True)
        assert careless.post("/", {"body": TEXT}, headers={"Origin": HERE}).status_code == 403
    assert Session.objects.count() == 10
