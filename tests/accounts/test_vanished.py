"""A member who is erased while a request about them, or of theirs, is answered: nothing is an error of the site's."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.cache import cache
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.requests.deleted_rows import is_vanished
from exports.models import Archive
from inbox.services import message_send
from posts.models import Post
from posts.services import post_remove
from tasks.models import Task
from tests.members import PASSWORD, make_member, signed_in_client
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
side_by_side = pytest.mark.skipif(connection.vendor != "postgresql", reason="in SQLite only one writes at a time")

NEW_PASSWORD = {"password1": "another-long-one", "password2": "another-long-one"}


@pytest.fixture(autouse=True)
def no_limits_left_over(db: None) -> None:
    cache.clear()


def while_erased(row: Model, send: Callable[[], Any]) -> Any:
    """Return the response to a request during which the row and its dependents are deleted."""

    def answered() -> Any:
        try:
            return send()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            type(row)._base_manager.get(pk=row.pk).delete()
            answer: Future[Any] = pool.submit(answered)
            wait_until(lambda: answer.done() or is_anybody_waiting(), what="A request that waits for a lock")
        return answer.result()


def is_anybody_waiting() -> bool:
    """Return whether a session waits for this one: those of other tests' databases on the same server may wait, too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])


def staff_form(follower: User, followed: User) -> dict[str, object]:
    return {"follower": follower.pk, "followed": followed.pk}


OTHERS: dict[str, Callable[[Client, User, User], Any]] = {
    "follow": lambda client, _me, _other: client.post("/user/other/follow/"),
    "unfollow": lambda client, _me, _other: client.post("/user/other/unfollow/"),
    "message": lambda client, _me, _other: client.post("/messages/other/", {"body": "Hello"}),
    "read": lambda client, _me, _other: client.get("/messages/other/"),
    "mention": lambda client, _me, _other: client.post("/", {"body": "@other"}),
    "staff": lambda client, me, other: client.post("/admin/accounts/follow/add/", staff_form(me, other)),
    "change": lambda client, _me, other: client.post(
        f"/admin/accounts/user/{other.pk}/change/", {"username": "other", "email": "new@example.com"}
    ),
    "password": lambda client, _me, other: client.post(
        f"/admin/accounts/user/{other.pk}/password/", {**NEW_PASSWORD, "usable_password": "true"}
    ),
    "address": lambda client, _me, other: client.post(
        "/admin/account/emailaddress/add/", {"user": other.pk, "email": "new@example.com"}
    ),
}


@side_by_side
@pytest.mark.parametrize("name", OTHERS)
def test_an_action_on_a_member_who_is_erased_at_that_moment(name: str) -> None:
    me, other = make_member("root", is_staff=True, is_superuser=True), make_member("other")
    message_send(sender=other, recipient=me, body="Hello")
    client = signed_in_client(me)
    client.raise_request_exception = False
    answer = while_erased(other, lambda: OTHERS[name](client, me, other))
    assert answer.status_code < 500
    if name in {"follow", "message", "staff", "address"}:
        assert (answer.status_code, "no longer" in answer.content.decode()) == (404, True)
    assert client.get("/explore/").status_code == 200


def quiet() -> Client:
    return Client(raise_request_exception=False)


def sign_in() -> Any:
    return quiet().post("/accounts/login/", {"login": "me", "password": PASSWORD})


def confirm(_client: Client, me: User) -> Any:
    address = EmailAddress.objects.get(user=me, verified=False)
    return quiet().post(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/")


def reset(_client: Client, me: User) -> Any:
    client = quiet()
    key = f"{user_pk_to_url_str(me)}-{default_token_generator.make_token(me)}"
    return client.post(client.get(f"/accounts/password/reset/key/{key}/")["Location"], NEW_PASSWORD)


MINE: dict[str, Callable[[Client, User], Any]] = {
    "post": lambda client, _me: client.post("/", {"body": "Hello"}),
    "follow": lambda client, _me: client.post("/user/friend/follow/"),
    "message": lambda client, _me: client.post("/messages/friend/", {"body": "Hello"}),
    "read": lambda client, _me: client.get("/messages/friend/"),
    "export": lambda client, _me: client.post("/exports/", {"kind": "posts"}),
    "retry": lambda client, me: client.post(f"/tasks/{me.tasks.get().pk}/retry/"),
    "dismiss": lambda client, me: client.post(f"/notifications/{me.notifications.all()[0].pk}/dismiss/"),
    "poll": lambda client, _me: client.get("/notifications/?since=0"),
    "profile": lambda client, _me: client.post("/accounts/profile/", {"username": "renamed", "about_me": ""}),
    "address": lambda client, _me: client.post("/accounts/email/", {"email": "new@example.com", "action_add": ""}),
    "password": lambda client, _me: client.post("/accounts/password/change/", {"oldpassword": PASSWORD} | NEW_PASSWORD),
    "reauthenticate": lambda client, _me: client.post("/accounts/reauthenticate/", {"password": PASSWORD}),
    "delete": lambda client, _me: client.post("/accounts/delete/", {"password": PASSWORD}),
    "undo": lambda client, _me: client.post("/accounts/delete/undo/"),
    "language": lambda client, _me: client.post("/accounts/language/", {"language": "es"}),
    "sign out": lambda client, _me: client.post("/accounts/logout/"),
    "remove": lambda client, me: client.post(f"/posts/{me.posts.get().pk}/remove/"),
    "restore": lambda client, me: client.post(f"/posts/{me.removed_posts.get().pk}/restore/"),
    "sign in": lambda _client, _me: sign_in(),
    "confirm": confirm,
    "claim": lambda _client, me: quiet().post("/accounts/signup/", {"username": "x", "email": me.email} | NEW_PASSWORD),
    "forget": lambda _client, me: quiet().post("/accounts/password/reset/", {"email": me.email}),
    "reset": reset,
}


@side_by_side
@pytest.mark.parametrize("name", MINE)
def test_an_action_by_a_member_who_is_erased_at_that_moment(name: str) -> None:
    me, friend = make_member("me"), make_member("friend")
    message_send(sender=friend, recipient=me, body="Hello")
    EmailAddress.objects.create(user=me, email="unconfirmed@example.com")
    Task.objects.create(user=me, name="export_posts", status="failed", ended_at=timezone.now())
    Post.objects.create(author=me, body="Mine")
    post_remove(author=me, post_id=Post.objects.create(author=me, body="Removed").pk)
    client = signed_in_client(me)
    client.raise_request_exception = False
    answer = while_erased(me, lambda: MINE[name](client, me))
    assert answer.status_code < 500
    assert client.get("/explore/").status_code == 200
    assert not User.objects.filter(pk=me.pk).exists()


@side_by_side
@pytest.mark.parametrize("action", ["cancel", "retry", "delete", "mail", "download"])
@pytest.mark.parametrize("status", ["running", "failed", "succeeded"])
def test_an_action_on_an_export_that_is_deleted_at_that_moment(member: User, action: str, status: str) -> None:
    task = Task.objects.create(user=member, name="export_posts", status=status)
    soon = timezone.now() + timedelta(days=1)
    Archive.objects.create(task=task, user=member, size=1, snapshot_at=timezone.now(), expires_at=soon, file="x")
    client = signed_in_client(member)
    client.raise_request_exception = False
    send = client.get if action == "download" else client.post
    assert while_erased(task, lambda: send(f"/tasks/{task.pk}/{action}/")).status_code < 500


@side_by_side
@pytest.mark.parametrize("action", ["remove", "restore"])
def test_an_action_on_a_post_that_is_deleted_at_that_moment(member: User, action: str) -> None:
    post = Post.objects.create(author=member, body="Mine")
    row: Model = post
    if action == "restore":
        post_remove(author=member, post_id=post.pk)
        row = member.removed_posts.get()
    client = signed_in_client(member)
    client.raise_request_exception = False
    assert while_erased(row, lambda: client.post(f"/posts/{post.pk}/{action}/")).status_code == 404


def test_a_session_is_not_retried_for_ever_when_its_member_is_gone(member: User) -> None:
    session = signed_in_client(member).session
    assert session[SESSION_KEY]  # which loads it
    member.delete()
    with pytest.raises(SessionInterrupted):
        session.cycle_key()


def test_other_errors_of_the_database_stay_errors() -> None:
    with pytest.raises(IntegrityError) as twice:
        User.objects.bulk_create([User(username="one"), User(username="One")])
    assert not is_vanished(twice.value)
