"""`GET /notifications/?since=<cursor>` and dismissing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from notifications.models import Notification
from notifications.services import notify


@pytest.fixture
def client(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def poll(client: Client, since: float | str = 0) -> Any:
    response = client.get("/notifications/", {"since": str(since)})
    assert response.status_code == 200
    return response.json()


def test_without_notifications_the_list_is_empty(client: Client) -> None:
    assert poll(client) == []


def test_each_item_has_name_data_and_timestamp_oldest_first(client: Client, member: User) -> None:
    notify(user_id=member.pk, name="task_progress", key="a", data={"task_id": "a", "progress": 1, "status": "running"})
    notify(user_id=member.pk, name="unread_message_count", data=3)
    first, second = poll(client)
    assert set(first) == {"name", "data", "timestamp"}
    assert (first["name"], first["data"]["progress"]) == ("task_progress", 1)
    assert (second["name"], second["data"]) == ("unread_message_count", 3)
    assert first["timestamp"] < second["timestamp"]


def test_since_the_last_timestamp_there_is_nothing_new(client: Client, member: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    [item] = poll(client)
    assert poll(client, item["timestamp"]) == []


def test_since_an_earlier_timestamp_there_is_all_that_came_after(client: Client, member: User) -> None:
    notify(user_id=member.pk, name="news", key="a", data=1)
    [first] = poll(client)
    notify(user_id=member.pk, name="news", key="b", data=2)
    assert [item["data"] for item in poll(client, first["timestamp"])] == [2]


def test_without_since_it_starts_from_the_beginning(client: Client, member: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    assert len(client.get("/notifications/").json()) == 1


def test_a_strangers_notifications_are_not_in_it(client: Client, stranger: User) -> None:
    notify(user_id=stranger.pk, name="news", data=1)
    assert poll(client) == []


def test_an_anonymous_poll_gets_403_and_no_redirect(db: None) -> None:
    assert Client().get("/notifications/").status_code == 403


@pytest.mark.parametrize("since", ["yesterday", "nan", "-1", "1e400", "<script>"])
def test_a_bad_cursor_is_refused_by_value(client: Client, since: str) -> None:
    response = client.get("/notifications/", {"since": since})
    assert response.status_code == 400
    assert f"since='{since}'" in response.content.decode()
    assert response["Content-Type"] == "text/plain"


def test_it_refuses_post(client: Client) -> None:
    assert client.post("/notifications/").status_code == 405


def test_it_is_never_cached(client: Client) -> None:
    assert "no-store" in client.get("/notifications/")["Cache-Control"]


def test_a_poll_without_notifications_costs_the_sign_in_alone_and_writes_nothing(
    client: Client, member: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    notify(user_id=member.pk, name="news", data=1)
    [item] = poll(client)
    with django_assert_num_queries(1) as queries:  # the session, with its member
        poll(client, item["timestamp"])
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_news_cost_two_queries_more(
    client: Client, member: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    for key in range(20):
        notify(user_id=member.pk, name="news", key=str(key), data=1)
    with django_assert_num_queries(3):  # of the session, by `unchanged` and by the view, and of the notifications
        assert len(poll(client)) == 20


def test_dismissing_goes_back_to_the_page(client: Client, member: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    target = f"/notifications/{member.notifications.get().pk}/dismiss/"
    response = client.post(target, {"next": "/explore/?before=1"})
    assert (response.status_code, response["Location"]) == (302, "/explore/?before=1")
    assert member.notifications.get(name="news").dismissed
    assert client.post(target).status_code == 302


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_dismissing_leads_nowhere_else(client: Client, member: User, back: str) -> None:
    notify(user_id=member.pk, name="news", data=1)
    response = client.post(f"/notifications/{member.notifications.get().pk}/dismiss/", {"next": back})
    assert response["Location"] == "/"


def test_a_stranger_cannot_dismiss(client: Client, stranger: User) -> None:
    notify(user_id=stranger.pk, name="news", data=1)
    assert client.post(f"/notifications/{stranger.notifications.get().pk}/dismiss/").status_code == 404
    assert not Notification.objects.get().dismissed


def test_dismissing_refuses_get_and_a_missing_csrf_token(client: Client, member: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    target = f"/notifications/{member.notifications.get().pk}/dismiss/"
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(member)
    assert client.get(target).status_code == 405
    assert careless.post(target).status_code == 403
    assert not member.notifications.get().dismissed
