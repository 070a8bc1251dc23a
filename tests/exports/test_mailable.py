"""No file that is mailed to a member is of a kind that a mail provider refuses, nor holds one."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.core import mail

from accounts.models import User
from inbox.models import Message
from posts.models import Post
from tasks.services.launch import task_launch
from tests.exports.blocked_kinds import BLOCKED, complaints
from tests.exports.zip_files import packed
from tests.members import make_member

USERNAMES = ["susan", "susan.exe", "con", "a.js.zip.bat", "x" * 30, "y" * 150, "<img src=x>.vbs", "nul.com"]


@pytest.mark.parametrize("username", USERNAMES)
@pytest.mark.parametrize("kind", ["export_archive", "export_posts"])
def test_every_provider_takes_what_we_mail(susan: User, work: Callable[[], None], kind: str, username: str) -> None:
    partner = make_member("partner.js")
    Message.objects.create(sender=partner, recipient=susan, body="hello")
    Post.objects.create(author=susan, body="#!/bin/sh")
    User.objects.filter(pk=susan.pk).update(username=username)
    assert [fault for name, content in attached(susan, work, kind) for fault in complaints(name, content)] == []


def test_nor_do_they_refuse_a_file_that_had_to_be_compressed(
    susan: User, work: Callable[[], None], settings: LazySettings
) -> None:
    Post.objects.bulk_create(Post(author=susan, body="x" * 140) for _ in range(100))
    settings.EXPORT_ATTACHMENT_LIMIT = 5000
    [(name, content)] = attached(susan, work, "export_posts")
    assert name.endswith(".zip")
    assert complaints(name, content) == []


def attached(user: User, work: Callable[[], None], kind: str) -> list[tuple[str, bytes]]:
    user.refresh_from_db()
    task_launch(user=user, name=kind)
    work()
    [message] = mail.outbox
    files = [(str(part.get_filename() or ""), part.get_payload(decode=True)) for part in message.message().walk()]
    found = [(name, content) for name, content in files if name and isinstance(content, bytes)]
    assert found
    return found


@pytest.mark.parametrize(
    "name", [*(f"posts.{kind}" for kind in ("js", "mjs", "exe", "Z", "py")), "a.js.txt", "con.txt", "n" * 90, "in.zip"]
)
def test_these_would_be_noticed(name: str) -> None:
    assert complaints("archive.zip", packed({name: b"PK"}))
    assert {"js", "exe", "xll", "xnk", "xz"} <= BLOCKED
