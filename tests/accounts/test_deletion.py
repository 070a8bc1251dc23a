"""Asking for the end of one's account, and thinking better of it."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts.closing.deletion import deletion_undo
from accounts.models import User
from tests.members import PASSWORD, signed_in_client

DELETE = "/accounts/delete/"
UNDO = "/accounts/delete/undo/"
BANNER = "Your account will be deleted on"
Mails = list[EmailMessage]


@pytest.fixture
def signed_in(member: User) -> Client:
    return signed_in_client(member)


@pytest.fixture
def leaving(member: User) -> User:
    """Susan, who has requested the deletion of her account."""
    member.deletion_due_at = timezone.now() + timedelta(days=3)
    member.save()
    return member


def due_at(member: User) -> object:
    return User.objects.values_list("deletion_due_at", flat=True).get(pk=member.pk)


def test_the_page_says_what_happens_and_offers_the_export_first(signed_in: Client, settings: LazySettings) -> None:
    settings.ACCOUNT_DELETION_GRACE_DAYS = 9
    page = signed_in.get(DELETE).content.decode()
    assert "your account 9 days after" in page
    assert page.index('href="/exports/">download your data') < page.index('name="password"')


def test_the_password_sets_the_time_and_every_page_tells_it(signed_in: Client, member: User) -> None:
    page = signed_in.post(DELETE, {"password": PASSWORD}, follow=True).content.decode()
    assert BANNER in page
    assert 'name="password"' not in page
    assert BANNER in signed_in.get("/explore/").content.decode()
    assert BANNER not in Client().get("/explore/").content.decode()
    member.refresh_from_db()
    assert member.deletion_due_at
    assert abs(member.deletion_due_at - timezone.now() - timedelta(days=14)) < timedelta(minutes=1)


@pytest.mark.parametrize("password", ["wrong", ""])
def test_without_the_right_password_nothing_happens(signed_in: Client, member: User, password: str) -> None:
    response = signed_in.post(DELETE, {"password": password})
    assert response.status_code == 422
    assert 'id="id_password_error"' in response.content.decode()
    assert due_at(member) is None


def test_passwords_cannot_be_guessed(signed_in: Client, member: User) -> None:
    answers = [signed_in.post(DELETE, {"password": f"guess {n}"}).status_code for n in range(11)]
    assert answers[0] == 422
    assert answers[-1] == 429
    assert signed_in.post(DELETE, {"password": PASSWORD}).status_code == 429
    assert due_at(member) is None


def test_all_other_sessions_end(signed_in: Client, member: User, stranger: User) -> None:
    elsewhere, strangers = signed_in_client(member), signed_in_client(stranger)
    signed_in.post(DELETE, {"password": PASSWORD})
    assert signed_in.get(DELETE).status_code == 200
    assert elsewhere.get(DELETE).status_code == 302
    assert strangers.get(DELETE).status_code == 200


def test_an_email_says_when_and_how_to_undo_it(signed_in: Client, member: User, mailoutbox: Mails) -> None:
    member.time_zone = "Asia/Tokyo"
    member.save()
    signed_in.post(DELETE, {"password": PASSWORD})
    [mail] = mailoutbox
    assert mail.to == [member.email]
    assert mail.subject == "[Microblog] Your account will be deleted"
    assert f"{(timezone.now() + timedelta(days=14, hours=9)).year}," in mail.body
    assert " JST." in mail.body
    assert "http://localhost:8000/\n" in mail.body
    assert "/exports/" in mail.body


def test_a_mail_server_that_is_unavailable_delays_nothing(
    signed_in: Client, member: User, settings: LazySettings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1  # no server listens here
    assert signed_in.post(DELETE, {"password": PASSWORD}).status_code == 302
    assert due_at(member)


def test_asking_twice_does_not_move_the_time(signed_in: Client, leaving: User, mailoutbox: Mails) -> None:
    before = due_at(leaving)
    page = signed_in.post(DELETE, {"password": PASSWORD}, follow=True).content.decode()
    assert "You have already requested this." in page
    assert due_at(leaving) == before
    assert not mailoutbox


def test_one_click_undoes_it(signed_in: Client, leaving: User) -> None:
    page = signed_in.post(UNDO, follow=True).content.decode()
    assert "glad you" in page
    assert BANNER not in page
    assert due_at(leaving) is None


def test_signing_in_within_the_grace_leads_to_the_undo(client: Client, leaving: User) -> None:
    page = client.post("/accounts/login/", {"login": "susan", "password": PASSWORD}, follow=True).content.decode()
    assert f'action="{UNDO}"' in page


def test_there_is_nothing_to_undo_twice(signed_in: Client, member: User) -> None:
    assert "scheduled for deletion" in signed_in.post(UNDO, follow=True).content.decode()


def test_after_the_grace_it_is_too_late(signed_in: Client, leaving: User) -> None:
    User.objects.filter(pk=leaving.pk).update(deletion_due_at=timezone.now())
    assert "scheduled for deletion" in signed_in.post(UNDO, follow=True).content.decode()
    assert due_at(leaving)


def test_once_the_end_has_begun_it_is_too_late_whatever_the_clocks_say(leaving: User) -> None:
    User.objects.filter(pk=leaving.pk).update(is_active=False)  # by a worker whose clock is ahead
    assert not deletion_undo(user=leaving)
    assert due_at(leaving)


def test_a_stranger_undoes_nothing_but_their_own(leaving: User, stranger: User) -> None:
    signed_in_client(stranger).post(UNDO)
    assert due_at(leaving)


def test_guests_are_sent_to_sign_in(client: Client, db: None) -> None:
    for address in (DELETE, UNDO):
        assert client.post(address)["Location"].startswith("/accounts/login/")


def test_other_methods_and_missing_tokens_are_refused(signed_in: Client, leaving: User) -> None:
    assert signed_in.put(DELETE).status_code == 405
    assert signed_in.get(UNDO).status_code == 405
    without_token = Client(enforce_csrf_checks=True)
    without_token.force_login(leaving)
    for address in (DELETE, UNDO):
        assert without_token.post(address, {"password": PASSWORD}).status_code == 403
    assert due_at(leaving)


def test_staff_have_to_give_up_their_role_first(staff: User) -> None:
    client = signed_in_client(staff)
    page = client.post(DELETE, {"password": PASSWORD}, follow=True).content.decode()
    assert "Ask an administrator to remove your staff role first" in page
    assert 'name="password"' not in page
    assert due_at(staff) is None
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    client.post(DELETE, {"password": PASSWORD})
    assert due_at(staff) is not None
