"""Language, time zone and theme: chosen in the profile, or without an account; kept to the one request."""

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import User
from accounts.settings.preferences import zone_of
from posts.models import Post
from tests.members import PASSWORD, send_cookie, signed_in_client

PROFILE = "/accounts/profile/"
LANGUAGE = "/accounts/language/"
Mails = list[EmailMessage]
SPANISH = {"accept-language": "es-MX,es;q=0.9"}


@pytest.fixture
def signed_in(member: User) -> Client:
    return signed_in_client(member)


def choose(member: User, **choices: str) -> None:
    User.objects.filter(pk=member.pk).update(**choices)


def test_the_profile_keeps_what_a_member_prefers(signed_in: Client, member: User) -> None:
    choices = {"language": "es", "time_zone": "Europe/Madrid", "theme": "dark"}
    page = signed_in.post(PROFILE, {"username": "susan", "about_me": "", **choices}, follow=True).content.decode()
    member.refresh_from_db()
    assert {name: getattr(member, name) for name in choices} == choices
    assert '<html lang="es"' in page
    assert 'data-bs-theme="dark"' in page
    assert 'data-time-zone="Europe/Madrid"' in page
    assert "Tu perfil se ha guardado." in page  # said in the language just chosen


def test_an_unset_preference_follows_the_browser(signed_in: Client) -> None:
    page = signed_in.get(PROFILE).content.decode()
    assert "data-bs-theme" not in page
    assert "data-time-zone" not in page
    assert '<meta name="color-scheme" content="light dark">' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("language", "tlh"), ("time_zone", "Mars/Olympus"), ("theme", "sepia"), ("time_zone", "Europe")],
)
def test_unknown_choices_are_refused(signed_in: Client, member: User, field: str, value: str) -> None:
    response = signed_in.post(PROFILE, {"username": "susan", "about_me": "kept", field: value})
    assert response.status_code == 422
    assert value in response.content.decode()
    member.refresh_from_db()
    assert getattr(member, field) == ""


def test_times_are_in_the_members_zone(signed_in: Client, member: User) -> None:
    choose(member, time_zone="Asia/Tokyo")
    post = Post.objects.create(author=member, body="x", timestamp="2026-01-01T20:30:00Z")
    assert "Jan. 2, 2026, 5:30 a.m. JST" in signed_in.get(f"/posts/{post.pk}/").content.decode()
    assert "Jan. 1, 2026, 8:30 p.m. UTC" in Client().get(f"/posts/{post.pk}/").content.decode()


def test_the_profile_comes_before_the_cookie_and_the_cookie_before_the_browser(member: User) -> None:
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "es"
    assert client.get("/explore/")["Content-Language"] == "es"
    client.force_login(member)
    assert client.get("/explore/")["Content-Language"] == "es"
    choose(member, language="en")
    response = client.get("/explore/")
    assert response["Content-Language"] == "en"
    assert {"Cookie", "Accept-Language"} <= {*response["Vary"].split(", ")}


def test_a_guests_page_varies_with_the_cookie(db: None) -> None:
    assert {"Cookie", "Accept-Language"} <= {*Client().get("/explore/")["Vary"].split(", ")}


def test_pages_of_errors_speak_the_members_language(signed_in: Client, member: User) -> None:
    choose(member, language="es")
    response = signed_in.get("/user/nobody/")
    assert response.status_code == 404
    assert '<html lang="es"' in response.content.decode()


def test_choices_that_are_no_longer_offered_count_as_none(signed_in: Client, member: User) -> None:
    choose(member, language="tlh", time_zone="Mars/Olympus")
    assert signed_in.get("/explore/", headers=SPANISH)["Content-Language"] == "es"


def test_a_request_leaves_no_state_in_its_thread(signed_in: Client, member: User) -> None:
    before = translation.get_language(), timezone.get_current_timezone_name()
    choose(member, language="es", time_zone="Asia/Tokyo")
    signed_in.get("/explore/")
    Client(headers=SPANISH).get("/explore/")
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


def test_a_guest_chooses_by_cookie_and_comes_back_to_the_page(client: Client, db: None) -> None:
    response = client.post(LANGUAGE, {"language": "es", "next": "/explore/?page=2"})
    assert response["Location"] == "/explore/?page=2"
    assert client.get("/explore/")["Content-Language"] == "es"


def test_a_members_choice_at_the_foot_of_a_page_is_kept_in_the_profile(signed_in: Client, member: User) -> None:
    choose(member, language="en")
    signed_in.post(LANGUAGE, {"language": "es", "next": "/"})
    member.refresh_from_db()
    assert member.language == "es"


def test_a_language_that_there_is_not_is_refused_by_name(client: Client, db: None) -> None:
    response = client.post(LANGUAGE, {"language": "tlh"})
    assert response.status_code == 400
    assert "the language &#x27;tlh&#x27;. Choose one of: en, es" in response.content.decode()
    assert "django_language" not in client.cookies


def test_choosing_leads_to_no_other_site(client: Client, db: None) -> None:
    assert client.post(LANGUAGE, {"language": "es", "next": "https://evil.example/"})["Location"] == "/"


def test_other_methods_and_missing_tokens_are_refused(member: User) -> None:
    assert Client().get(LANGUAGE).status_code == 405
    assert Client(enforce_csrf_checks=True).post(LANGUAGE, {"language": "es"}).status_code == 403


def test_allauths_mails_speak_the_members_language(signed_in: Client, member: User, mailoutbox: Mails) -> None:
    choose(member, language="es")
    signed_in.post("/accounts/password/reset/", {"email": member.email})
    assert mailoutbox[0].subject == "[Microblog] Elige una contraseña nueva"


def test_mails_to_members_without_a_choice_speak_as_their_browser(member: User, db: None, mailoutbox: Mails) -> None:
    Client(headers=SPANISH).post("/accounts/password/reset/", {"email": member.email})
    assert mailoutbox[0].subject == "[Microblog] Elige una contraseña nueva"


def test_the_welcome_email_is_in_the_language_of_the_sign_up(db: None, mailoutbox: Mails) -> None:
    form = {"username": "rosa", "email": "rosa@example.com", "password1": PASSWORD, "password2": PASSWORD}
    Client(headers=SPANISH).post("/accounts/signup/", form)
    assert mailoutbox[0].subject == "[Microblog] ¡Te damos la bienvenida! Confirma tu dirección de correo"
    assert User.objects.get(username="rosa").browser_language == "es"


def test_sign_up_with_a_members_address_emails_them_in_their_language(member: User, mailoutbox: Mails) -> None:
    choose(member, language="es")
    form = {"username": "rosa", "email": member.email, "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", form)
    assert mailoutbox[0].subject == "[Microblog] Ya tienes una cuenta"


def test_sign_in_and_out_messages_are_in_the_language_of_the_next_page(member: User) -> None:
    choose(member, language="es")
    client = Client(headers={"accept-language": "en"})
    page = client.post("/accounts/login/", {"login": "susan", "password": PASSWORD}, follow=True).content.decode()
    assert "Has iniciado sesión como susan" in page
    assert "You have signed out." in client.post("/accounts/logout/", follow=True).content.decode()
    assert translation.get_language() == "en"


def test_times_are_in_the_browsers_zone_where_the_member_chose_none(signed_in: Client, member: User) -> None:
    post = Post.objects.create(author=member, body="x", timestamp="2026-01-01T20:30:00Z")
    for client in (signed_in, Client()):
        client.cookies["time_zone"] = "Asia/Tokyo"
        assert "Jan. 2, 2026, 5:30 a.m. JST" in client.get(f"/posts/{post.pk}/").content.decode()
    choose(member, time_zone="Europe/Madrid")
    assert "Jan. 1, 2026, 9:30 p.m. CET" in signed_in.get(f"/posts/{post.pk}/").content.decode()


def test_the_browsers_zone_is_kept_for_emails_and_the_members_choice_comes_first(
    signed_in: Client, member: User
) -> None:
    signed_in.cookies["time_zone"] = "Asia/Tokyo"
    signed_in.get("/explore/")
    member.refresh_from_db()
    assert str(zone_of(member)) == "Asia/Tokyo"
    choose(member, time_zone="Europe/Madrid")
    member.refresh_from_db()
    assert str(zone_of(member)) == "Europe/Madrid"


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "../../etc/passwd", "zone.tab", "x" * 5000, "Europe", '"\\000"', "/etc"]
)
def test_a_zone_that_there_is_not_is_not_believed(signed_in: Client, member: User, name: str) -> None:
    send_cookie(signed_in, "time_zone", name)
    assert signed_in.get("/explore/").status_code == 200
    member.refresh_from_db()
    assert member.browser_time_zone == ""


def test_a_returning_member_causes_no_write_for_their_zone(signed_in: Client, member: User) -> None:
    signed_in.cookies["time_zone"] = "Asia/Tokyo"
    signed_in.get("/explore/")
    with CaptureQueriesContext(connection) as captured:
        signed_in.get("/explore/")
    assert not [query for query in captured if query["sql"].startswith("UPDATE")]


@pytest.mark.parametrize("path", ["/", "/exports/", "/accounts/profile/", "/accounts/email/", "/explore/", "/nowhere/"])
def test_a_members_pages_are_kept_by_no_cache_of_others(member: User, path: str) -> None:
    assert signed_in_client(member).get(path)["Cache-Control"] == "private, no-cache"
