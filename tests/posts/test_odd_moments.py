"""Moments at the ends of the calendar: the door refuses them, and rows that have them are shown everywhere."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client

from accounts.models import Follow, User
from accounts.validators import EARLIEST, LATEST, validate_moment
from core import pagination
from inbox.services import message_send
from posts.models import Post, RemovedPost
from tests.members import signed_in_client

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
ZONES = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "Europe/Madrid", ""]


@pytest.fixture
def odd(member: User, staff: User) -> User:
    """A member with a row of each kind at both ends of the calendar."""
    for number, moment in enumerate((FIRST, LAST)):
        Post.objects.create(author=member, body="words @susan", timestamp=moment)
        RemovedPost.objects.create(post_id=900 + number, author=member, body="gone", timestamp=moment)
        message = message_send(sender=staff, recipient=member, body="hello")
        type(message).objects.filter(pk=message.pk).update(timestamp=moment)
    member.conversations.update(timestamp=LAST)
    Follow.objects.bulk_create([Follow(follower=staff, followed=member)])
    Follow.objects.update(created_at=LAST)
    User.objects.update(last_seen=LAST, date_joined=FIRST)
    return member


def pages(reader: User, odd: User) -> list[str]:
    post = Post.objects.get(timestamp=LAST)
    lists = ["/", "/explore/", "/user/susan/", "/user/susan/followers/", "/messages/"]
    others = ["/search/?q=words", "/search/?q=susan&in=members", "/user/susan/card/", "/exports/", "/accounts/profile/"]
    admin = ["/admin/posts/post/", f"/admin/posts/post/{post.pk}/change/", "/admin/accounts/user/"]
    admin += [f"/admin/accounts/user/{odd.pk}/change/", "/admin/posts/post/?o=-3"]
    partner = "susan" if reader.is_staff else "staff"
    return [*lists, *others, post.get_absolute_url(), f"/messages/{partner}/", *(admin if reader.is_staff else [])]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("zone", ZONES)
def test_every_page_shows_them_in_every_zone(
    odd: User, staff: User, zone: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "PAGE_SIZE", 1)
    User.objects.update(time_zone=zone, language=language)
    for reader in (odd, staff):
        User.objects.update(last_seen=LAST)
        statuses = {page: signed_in_client(reader).get(page).status_code for page in pages(reader, odd)}
        assert set(statuses.values()) == {200}, statuses


@pytest.mark.parametrize("page", ["/", "/explore/", "/user/susan/", "/messages/staff/"])
def test_one_can_page_through_to_both_ends(odd: User, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "PAGE_SIZE", 1)
    User.objects.update(time_zone="Pacific/Kiritimati")
    client = signed_in_client(odd)
    first = client.get(page).context["page"]
    second = client.get(page, {"before": first.older}).context["page"]
    assert [row.timestamp for row in (*first.rows, *second.rows)] == [LAST, FIRST]
    assert client.get(page, {"after": second.newer}).context["page"].rows == first.rows


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("9999-12-31T23:59:59Z", False),
        ("0001-01-01T00:00:00Z", False),
        ("1899-12-31T23:59:59Z", False),
        ("1900-01-01T00:00:00+05:00", False),
        ("2199-12-31T23:59:59.999999Z", False),  # in the future
        ("1900-01-01T00:00:00Z", True),
    ],
)
def test_an_import_leaves_them_out(member: User, tmp_path: Path, text: str, is_taken: bool) -> None:
    (tmp_path / "posts.jsonl").write_text(json.dumps({"timestamp": text, "body": "never expires"}))
    call_command("import_posts", "susan", str(tmp_path / "posts.jsonl"))
    assert member.posts.exists() == is_taken


def test_the_model_refuses_them_too(member: User) -> None:
    for moment in (FIRST, EARLIEST - INSTANT, LATEST, LAST):
        with pytest.raises(ValidationError, match="out of range"):
            Post(author=member, body="words", timestamp=moment).full_clean()
        with pytest.raises(ValidationError):
            validate_moment(moment)


def test_signed_out_too(odd: User) -> None:
    for page in ("/explore/", "/user/susan/", "/search/?q=words", Post.objects.get(timestamp=LAST).get_absolute_url()):
        assert Client().get(page).status_code == 200
