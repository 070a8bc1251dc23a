"""Sending and reading: what is kept, and what the members' pages are told."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from accounts.models import User
from inbox.models import Conversation, Message
from inbox.services import conversation_read, message_send
from tests.members import make_member

ROUNDS = 15


def side(member: User, partner: User) -> Conversation:
    return Conversation.objects.get(member=member, partner=partner)


def badge(member: User) -> Any:
    return member.notifications.get(name="unread_message_count").data


def test_a_message_stands_on_both_sides_and_is_unread_on_one(susan: User, john: User) -> None:
    first, second = (message_send(sender=susan, recipient=john, body=body) for body in ("one", "two"))
    assert list(Message.objects.values_list("sender", "recipient", "body")) == [
        (susan.pk, john.pk, "one"),
        (susan.pk, john.pk, "two"),
    ]
    assert Conversation.objects.count() == 2
    for conversation, unread in ((side(john, susan), 2), (side(susan, john), 0)):
        assert (conversation.newest, conversation.timestamp) == (second, second.timestamp)
        assert conversation.unread == unread
    assert first.timestamp <= second.timestamp


def test_the_count_goes_over_all_conversations_and_to_the_recipient_alone(susan: User, john: User) -> None:
    message_send(sender=susan, recipient=john, body="one")
    message_send(sender=make_member("mary"), recipient=john, body="two")
    assert badge(john) == 2
    assert not susan.notifications.exists()


def test_reading_leaves_the_unread_of_others(susan: User, john: User) -> None:
    message_send(sender=susan, recipient=john, body="one")
    message_send(sender=make_member("mary"), recipient=john, body="two")
    conversation_read(side(john, susan))
    assert side(john, susan).unread == 0
    assert badge(john) == 1


def test_reading_a_second_time_tells_nothing_new(
    susan: User, john: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    message_send(sender=susan, recipient=john, body="one")
    as_it_was = side(john, susan)
    conversation_read(as_it_was)
    cursor = john.notifications.get().cursor
    conversation_read(as_it_was)  # another tab had it on its screen
    assert john.notifications.get().cursor == cursor
    with django_assert_num_queries(0):
        conversation_read(Conversation(member=john, partner=susan, unread=0))


def test_members_cannot_message_themselves(susan: User) -> None:
    with pytest.raises(ValueError, match="'susan' cannot write to themselves"):
        message_send(sender=susan, recipient=susan, body="one")
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(sender=susan, recipient=susan, body="one")


def test_a_member_who_is_deleted_leaves_nothing_behind_not_even_on_the_badge(
    susan: User, john: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    message_send(sender=susan, recipient=john, body="one")
    message_send(sender=john, recipient=susan, body="two")
    message_send(sender=make_member("mary"), recipient=john, body="three")
    with django_capture_on_commit_callbacks(execute=True):
        susan.delete()
    assert [message.body for message in Message.objects.all()] == ["three"]
    assert Conversation.objects.filter(member=john).count() == 1
    assert badge(john) == 1


@pytest.mark.django_db(transaction=True)
def test_members_who_write_to_each_other_and_read_at_once_never_block_each_other_or_lose_a_message() -> None:
    members = make_member("susan"), make_member("john")
    start = threading.Barrier(4)
    with ThreadPoolExecutor(4) as threads:
        acts = [threads.submit(repeat, act, start, *pair) for act in (write, read) for pair in (members, members[::-1])]
        for act in acts:
            act.result()  # raises what was raised there
    assert Message.objects.between(*members).count() == 2 * ROUNDS
    for member, partner in (members, members[::-1]):
        read(member, partner)
        assert badge(member) == 0


def repeat(act: Callable[[User, User], None], start: threading.Barrier, member: User, partner: User) -> None:
    try:
        start.wait(10)
        for _ in range(ROUNDS):
            act(member, partner)
    finally:
        connections.close_all()


def write(member: User, partner: User) -> None:
    message_send(sender=member, recipient=partner, body="x")


def read(member: User, partner: User) -> None:
    for conversation in Conversation.objects.filter(member=member, partner=partner):
        conversation_read(conversation)


# Bounded cost: both databases seek in an index for a page, at any depth, and read no row besides.


def plan_of(rows: Any) -> str:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    return str(rows.explain())


def test_both_lists_are_read_in_the_order_of_an_index(susan: User, john: User) -> None:
    message_send(sender=susan, recipient=john, body="one")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE inbox_message, inbox_conversation")
    messages = plan_of(Message.objects.between(john, susan).order_by("-timestamp", "-id")[:26])
    conversations = plan_of(john.conversations.order_by("-timestamp", "-id")[:26])
    assert "message_by_members" in messages
    assert "conversation_by_time" in conversations
    assert "sort" not in (messages + conversations).lower().replace("temp b-tree", "sort")
