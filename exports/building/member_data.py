"""A member's data besides their posts. Read it inside `read_snapshot`."""

from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, Max, QuerySet, When

from accounts.member_data import MEMBER_DATA, Part
from accounts.models import Follow, User
from core.links import absolute_url
from exports.building.snapshot import DatabaseTime, iso_times, streamed_columns
from exports.choice import ArchiveChoice
from exports.formats.messages import Conversation, Message
from exports.formats.record_lists import RecordList
from exports.formats.rows import BATCH_SIZE, in_batches, utc_text
from inbox import models as inbox
from posts.models import Post


def posts_count(user: User, choice: ArchiveChoice) -> int:
    """Return how many posts the member wrote on the chosen dates."""
    return Post.objects.by(user).written(since=choice.since, until=choice.until).count()


def member_counts(user: User, choice: ArchiveChoice) -> dict[str, int]:
    """Return how many records of each sort an archive holds of a member, of those that can be very many."""
    counts: dict[str, int] = {}
    if Part.POSTS in choice.parts:
        counts["posts"] = posts_count(user, choice)
    if Part.PEOPLE in choice.parts:
        counts |= {"follows": user.follows.count(), "followers": user.followed_by.count()}
    if Part.MESSAGES in choice.parts:
        counts["messages"] = inbox.Message.objects.of(user.pk).count()
    return counts


def chosen_lists(user: User, choice: ArchiveChoice) -> Iterator[RecordList]:
    """Yield the lists of the chosen parts that the apps have registered. Read each before the next."""
    for data in MEMBER_DATA:
        if data.part in choice.parts:
            records = data.records(user, since=choice.since, until=choice.until)
            yield RecordList(data.file(), data.name, records, data.table)


PROFILE = {
    "username": "username",
    "first_name": "first_name",
    "last_name": "last_name",
    "email": "email",
    "about_me": "about_me",
    "language": "language",
    "browser_language": "browser_language",
    "time_zone": "time_zone",
    "browser_time_zone": "browser_time_zone",
    "theme": "theme",
    "joined": "date_joined",
    "last_sign_in": "last_login",
    "last_seen": "last_seen",
    "deletion_due": "deletion_due_at",
    "is_staff": "is_staff",
    "is_superuser": "is_superuser",
}
"""Key in `profile.json` -> the member's column."""

EXPORTED_COLUMNS = {
    *(f"accounts.User.{column}" for column in PROFILE.values()),
    *("accounts.User_groups.user", "accounts.User_user_permissions.user"),
    *("posts.Post.author", "posts.Post.body", "posts.Post.timestamp"),
    *("accounts.Follow.follower", "accounts.Follow.followed", "accounts.Follow.created_at"),
    *("inbox.Message.sender", "inbox.Message.recipient", "inbox.Message.body", "inbox.Message.timestamp"),
}
"""The columns that this module reads; those of other tables are in MEMBER_DATA."""


def member_profile(user: User) -> dict[str, Any]:
    """Return `profile.json`: what the member entered, and what the site recorded."""
    values = {key: getattr(user, column) for key, column in PROFILE.items()}
    return {
        **{key: utc_text(value) if isinstance(value, datetime) else value for key, value in values.items()},
        "url": absolute_url(user.get_absolute_url()),
        "roles": list(user.groups.order_by("name").values_list("name", flat=True)),
        "permissions": list(user.user_permissions.order_by("codename").values_list("codename", flat=True)),
    }


def messages_records(user: User) -> Generator[Message]:
    """Yield the messages that the member sent and received, oldest first."""
    yield from _streamed(inbox.Message.objects.of(user.pk))


def conversations_records(user: User) -> Generator[Conversation]:
    """Yield these messages by conversation, the one with the newest message first. Read each before the next."""
    partner = Case(When(sender=user.pk, then="recipient_id"), default="sender_id")
    mine = inbox.Message.objects.of(user.pk).annotate(partner=partner).values("partner")
    found = mine.annotate(records=Count("pk"), newest=Max("timestamp")).order_by("-newest", "partner")
    for partner_id, records in list(found.values_list("partner", "records")):
        partner_user = User.objects.only("username").get(pk=partner_id)
        with closing(_streamed(inbox.Message.objects.between(user, partner_user))) as messages:
            yield Conversation(partner_user.username, records, messages)


def _streamed(messages: QuerySet[inbox.Message]) -> Generator[Message]:
    rows = messages.order_by("timestamp", "id")
    time = DatabaseTime(F("timestamp"))
    columns = streamed_columns(rows.values_list("sender__username", "recipient__username", "body", time, "id"))
    for senders, recipients, bodies, times, ids in columns:
        yield from map(Message, senders, recipients, bodies, iso_times(times), ids)


def people_records(follows: QuerySet[Follow], username: str) -> Iterator[dict[str, Any]]:
    """Yield the people whom `follows` lead to by `username`, the path to their name, the oldest follow first."""
    rows = follows.order_by("created_at", "id").values_list(username, DatabaseTime(F("created_at")))
    for batch in in_batches(rows.iterator(chunk_size=BATCH_SIZE)):
        names, times = zip(*batch, strict=True)
        for name, since in zip(names, iso_times(times), strict=True):
            yield {"username": name, "url": absolute_url(User(username=name).get_absolute_url()), "since": since}
