"""Notifications: the latest word under a key, and a cursor that never repeats."""

import threading

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from notifications.cursors import MAX_SECONDS, MICROSECONDS, cursor_from_text, cursor_to_seconds
from notifications.models import Notification
from notifications.services import notification_dismiss, notify


def cursors(user: User) -> list[int]:
    return list(user.notifications.order_by("cursor").values_list("cursor", flat=True))


def test_a_newer_word_replaces_the_older_under_the_same_key(member: User) -> None:
    notify(user_id=member.pk, name="news", key="a", data=1)
    notify(user_id=member.pk, name="news", key="a", data=2)
    assert member.notifications.get().data == 2


def test_two_keys_are_kept_apart(member: User) -> None:
    notify(user_id=member.pk, name="news", key="a", data=1)
    notify(user_id=member.pk, name="news", key="b", data=2)
    assert list(member.notifications.after(0).values_list("data", flat=True)) == [1, 2]


def test_two_members_are_kept_apart(member: User, stranger: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    assert not stranger.notifications.exists()


def test_cursors_increase_within_one_tick_of_the_clock(member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.services.time.time_ns", lambda: 1_700_000_000_000_000_000)
    for key in "abc":
        notify(user_id=member.pk, name="news", key=key, data=key)
    start = 1_700_000_000_000_000
    assert cursors(member) == [start, start + 1, start + 2]


def test_cursors_increase_after_the_clock_was_set_back(member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, now in (("a", 2_000), ("b", 1_000)):
        monkeypatch.setattr("notifications.services.time.time_ns", lambda now=now: now * 1000)
        notify(user_id=member.pk, name="news", key=key, data=key)
    assert cursors(member) == [2_000, 2_001]


def test_saving_a_stale_copy_of_the_member_does_not_set_the_cursor_back(member: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    member.about_me = "I was loaded before."
    member.save()
    member.refresh_from_db()
    assert member.notification_cursor == cursors(member)[-1]
    assert member.about_me == "I was loaded before."


@pytest.mark.django_db(transaction=True)
def test_a_seen_cursor_covers_all_below_it_in_any_commit_order(member: User) -> None:
    """Two writers at once: the second has to wait for the first to commit before it gets its cursor."""
    first_wrote, second_done = threading.Event(), threading.Event()

    def second() -> None:
        first_wrote.wait(10)
        notify(user_id=member.pk, name="news", key="second", data=2)
        second_done.set()
        connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        notify(user_id=member.pk, name="news", key="first", data=1)
        first_wrote.set()
        assert not second_done.wait(0.3)
    thread.join(10)
    assert list(member.notifications.after(0).values_list("key", flat=True)) == ["first", "second"]


@pytest.mark.django_db(transaction=True)
def test_dismissing_and_renewing_an_alert_do_not_block_each_other(member: User) -> None:
    """Both lock the member's row first: in different orders PostgreSQL would have to end one of them."""
    notify(user_id=member.pk, name="news", data=1)
    failures: list[Exception] = []
    is_dismissed = threading.Event()

    def dismiss() -> None:
        try:
            notification_dismiss(member.notifications.get(name="news"))
        except OperationalError as failure:
            failures.append(failure)
        is_dismissed.set()
        connection.close()

    thread = threading.Thread(target=dismiss)
    with transaction.atomic():
        notify(user_id=member.pk, name="other", data=1)
        thread.start()
        assert not is_dismissed.wait(0.3)
        notify(user_id=member.pk, name="news", data=2)
    thread.join(10)
    assert failures == []
    assert member.notifications.get(name="news").dismissed


def test_dismissing_takes_it_off_the_alerts_and_tells_the_other_tabs(member: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    before = cursors(member)[-1]
    notification_dismiss(member.notifications.get())
    assert not Notification.objects.shown_on_pages(["news"]).exists()
    assert [item.name for item in member.notifications.after(before)] == ["alert_dismissed"]


def test_a_dismissed_alert_does_not_come_back(member: User) -> None:
    notify(user_id=member.pk, name="news", data=1)
    notification_dismiss(member.notifications.get())
    notify(user_id=member.pk, name="news", data=2)
    assert member.notifications.get(name="news").dismissed


@given(st.integers(0, MAX_SECONDS * MICROSECONDS))
def test_a_cursor_survives_the_way_to_the_client_and_back(cursor: int) -> None:
    assert cursor_from_text(repr(cursor_to_seconds(cursor))) == cursor


@pytest.mark.parametrize("text", ["", "yesterday", "nan", "inf", "-1", "1e300", "1,5"])
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time since 1970"):
        cursor_from_text(text)
