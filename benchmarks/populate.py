"""Fills a database with a site and readers of each kind: `python -m benchmarks.populate MEMBERS POSTS FOLLOWS`.

Prints, as JSON, the pages to measure: what it is -> (who reads it, its address). Run with the settings of the database
in the environment: the large site and the small one are made alike.
"""

import importlib
import logging
import sys
from collections.abc import Iterable
from datetime import timedelta

import django
import orjson

django.setup()

# ruff: noqa: E402 - they need the settings
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.urls import reverse
from django.utils import timezone

from accounts.models import Follow, User
from benchmarks.large_site.making import Scale, make_site
from core.pagination import Position
from inbox.models import Message
from inbox.services import message_send
from posts.models import Post
from tests.members import PASSWORD, make_member

POPULAR = "member1"
"""Whom everybody follows, and who writes the most; can sign in here."""
RARE_WORD = "zyzzyva"
FOLLOWED, QUIET_FOLLOWED = 5_000, 2_000


def main() -> None:
    """Create the site and its readers, and print the pages."""
    logging.disable(logging.INFO)
    members, posts, follows = map(int, sys.argv[1:])
    importlib.import_module("django.core.management").call_command("migrate", verbosity=0)
    make_site(Scale(members, posts, follows))
    let_sign_in(User.objects.get(username=POPULAR))
    ids = list(User.objects.order_by("pk").values_list("pk", flat=True))
    make_readers(ids)
    write_messages(ids)
    sys.stdout.buffer.write(orjson.dumps(pages()))


def let_sign_in(member: User) -> None:
    """Give a member of the made site a password and a verified address."""
    User.objects.filter(pk=member.pk).update(password=make_password(PASSWORD))
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)


def make_readers(ids: list[int]) -> None:
    """Create members who follow none, few and many, quiet and active members."""
    make_reader("alone", [])
    make_reader("of-10-quiet", ids[-10:])
    make_reader("of-50", ids[:: max(len(ids) // 50, 1)])
    make_reader("of-5000", ids[:: max(len(ids) // FOLLOWED, 1)])
    make_reader("of-2000-quiet", ids[-QUIET_FOLLOWED:])


def make_reader(name: str, followed: Iterable[int]) -> None:
    """Make a reader, who has written 30 posts with a rare word themselves."""
    reader = make_member(name)
    Follow.objects.bulk_create((Follow(follower=reader, followed_id=pk) for pk in followed), batch_size=2_000)
    start = timezone.now() - timedelta(days=700)
    if name == "alone":
        times = (start + timedelta(days=20 * number) for number in range(30))
        Post.objects.bulk_create(Post(author=reader, body=f"A {RARE_WORD}", timestamp=time) for time in times)


def write_messages(ids: list[int]) -> None:
    """Let one reader have many conversations, one of them long."""
    reader, popular = User.objects.get(username="of-50"), User.objects.get(username=POPULAR)
    for sender in User.objects.filter(pk__in=ids[1:300]):
        message_send(sender=sender, recipient=reader, body="Have you seen this?")
    Message.objects.bulk_create(
        (Message(sender=popular, recipient=reader, body="And another thing.") for _ in range(2 * len(ids))),
        batch_size=2_000,
    )
    message_send(sender=popular, recipient=reader, body="That was all.")


def pages() -> dict[str, tuple[str, str]]:
    """Return the pages to measure; those of a guest have no reader."""
    middle = Post.objects.order_by("timestamp", "id")[Post.objects.count() // 2]
    deep = f"?before={Position.of(middle)}"
    home, explore = reverse("posts:timeline"), reverse("posts:explore")
    search, exports = reverse("posts:search"), reverse("exports:list")
    profile, followers, card, conversation = (
        reverse(name, args=[POPULAR])
        for name in ("posts:profile", "accounts:followers", "accounts:card", "inbox:conversation")
    )
    return {
        "timeline, follows nobody": ("alone", home),
        "timeline, follows 10 quiet members": ("of-10-quiet", home),
        "timeline, follows 50": ("of-50", home),
        "timeline, follows 5,000": ("of-5000", home),
        "timeline, follows 5,000, deep": ("of-5000", home + deep),
        "timeline, follows 2,000 quiet members": ("of-2000-quiet", home),
        "timeline, follows 2,000 quiet members, deep": ("of-2000-quiet", home + deep),
        "explore": ("of-50", explore),
        "explore, deep": ("of-50", explore + deep),
        "explore, a guest": ("", explore),
        "a post": ("of-50", middle.get_absolute_url()),
        "profile of a popular member": ("of-50", profile),
        "profile of a popular member, deep": ("of-50", profile + deep),
        "card of a popular member": ("of-50", card),
        "followers of a popular member": ("of-50", followers),
        "following, by a member who follows 5,000": ("of-5000", reverse("accounts:following", args=["of-5000"])),
        "exports of the most prolific member": (POPULAR, exports),
        "search for a frequent word": ("of-50", f"{search}?q=the"),
        "search for a rare word": ("of-50", f"{search}?q={RARE_WORD}"),
        "search without results": ("of-50", f"{search}?q=qqqqqq"),
        "messages": ("of-50", reverse("inbox:conversations")),
        "a long conversation": ("of-50", conversation),
    }


if __name__ == "__main__":
    main()
