"""Fill a development site with a demo: members who follow each other, and two years of their posts.

Running it again changes nothing. The texts are the same on every machine. `python -m benchmarks.large_site` creates a
site of 100,000 members.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import Follow, User
from posts.models import Post

TEXTS = (settings.BASE_DIR / "development/demo_texts.txt").read_text(encoding="utf-8").splitlines()
DEMO, PASSWORD = "demo", "demo-microblog"
ADMIN, ADMIN_PASSWORD = "admin", "admin-microblog"
FRIENDS = ["amelie", "bruno", "chiara", "dmytro", "elif", "farah", "goran", "hana", "ines", "jun", "kofi"]
POSTS_OF_DEMO, POSTS_OF_FRIEND = 5000, 120
DAYS, SECOND = 730, timedelta(seconds=1)


class Command(BaseCommand):
    """`manage.py seed_demo [--force]`."""

    help = "Make the demo's members (demo / demo-microblog, admin / admin-microblog), follows and posts."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--force`."""
        parser.add_argument("--force", action="store_true", help="run in production too, with its known passwords")

    def handle(self, *_args: Any, force: bool, **_options: Any) -> None:
        """Make the demo, all or nothing."""
        if not settings.DEBUG and not force:
            raise CommandError(
                "This site is in production (DEBUG is off), and the demo's passwords are known to everybody. "
                "Use --force if that is what you want."
            )
        with transaction.atomic():
            created = seed()
        self.stdout.write("The demo is ready." if created else "The demo already exists.")


def seed() -> bool:
    """Make the demo unless it is there; return whether it was made."""
    if User.named(DEMO).exists():
        return False
    refuse_taken_names()
    chance = random.Random(22)  # noqa: S311 - the same demo everywhere, not a secret
    members = [make_member(DEMO, PASSWORD), *(make_member(name) for name in FRIENDS)]
    if not User.objects.filter(username=ADMIN).exists():
        make_member(ADMIN, ADMIN_PASSWORD, is_staff=True, is_superuser=True)
    make_follows(members, chance)
    make_posts(members, chance)
    return True


def refuse_taken_names() -> None:
    """Raise CommandError if a real member has a name of the demo: the demo would write posts in their name."""
    for name in FRIENDS:
        if User.named(name).exists():
            raise CommandError(f"Member {name!r} exists and isn't part of the demo. Use a separate database.")


def make_member(name: str, password: str | None = None, **fields: Any) -> User:
    """Create a member with a verified address; without a password they cannot sign in."""
    user: User = User.objects.create_user(name, f"{name}@example.com", password, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def make_follows(members: list[User], chance: random.Random) -> None:
    """Let each member follow some of the others; the demo's member follows most."""
    for number, member in enumerate(members):
        others = [other for other in members if other != member]
        chosen = chance.sample(others, 8 if number == 0 else 4)
        Follow.objects.bulk_create(Follow(follower=member, followed=other) for other in chosen)


def make_posts(members: list[User], chance: random.Random) -> None:
    """Create posts of each member, spread over two years up to an hour ago."""
    newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    posts = [
        Post(author=member, body=chance.choice(TEXTS), timestamp=newest - chance.randrange(DAYS * 86_400) * SECOND)
        for number, member in enumerate(members)
        for _ in range(POSTS_OF_DEMO if number == 0 else POSTS_OF_FRIEND)
    ]
    Post.objects.bulk_create(sorted(posts, key=lambda post: post.timestamp), batch_size=2000)
