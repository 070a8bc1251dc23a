"""A large site to measure: its members, follows and posts, the same on every machine.

As on real sites, a few members account for most of it: `member1` has the most followers and posts; the last ones have
few of either. `benchmarks.populate` adds private messages.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from tqdm import tqdm

from accounts.models import Follow, User
from benchmarks.large_site import loading
from development.management.commands.seed_demo import TEXTS
from posts.models import Post

DAYS = 730
SEED = 22
# How alike the first are: of Zipf's 1, 1/2, 1/3, ... the first twenty are left out, or a single member would write a
# twelfth of everything.
FLATNESS = 20
PHRASES, RARE_WORDS = 20_000, 50_000
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
MOST_FOLLOWED = 5_000


@dataclass(frozen=True)
class Scale:
    """The number of rows of each kind."""

    members: int
    posts: int
    follows: int
    """About so many."""


def make_site(scale: Scale) -> None:
    """Make members, follows and posts, all or none."""
    newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    chance = random.Random(SEED)
    follow, post = Follow._meta.db_table, Post._meta.db_table
    with transaction.atomic(), loading.search_suspended():
        ids = make_members(scale, newest)
        with loading.indexes_set_aside(follow):
            follows = watched(follows_among(ids, scale, newest, chance), scale.follows, "follows")
            loading.load(follow, ["follower_id", "followed_id", "created_at"], follows)
        with loading.indexes_set_aside(post):
            posts = watched(posts_by(ids, scale, newest, chance), scale.posts, "posts")
            loading.load(post, ["author_id", "body", "timestamp"], posts)
    transaction.on_commit(loading.tidy)


def watched(rows: Iterator[tuple[object, ...]], total: int, what: str) -> Iterator[tuple[object, ...]]:
    """Return the rows, and show on a terminal how many have passed."""
    return iter(tqdm(rows, total=total, desc=what, unit_scale=True, disable=None))


def make_members(scale: Scale, newest: datetime) -> list[int]:
    """Make the members, who cannot sign in; return their ids, the most active and popular first."""
    members = (
        User(
            username=f"member{number}",
            email=f"member{number}@example.com",
            password="!",  # noqa: S106 - what Django has for "none"
            about_me=TEXTS[number % len(TEXTS)] if number % 3 else "",
            date_joined=newest - timedelta(days=DAYS),
        )
        for number in range(1, scale.members + 1)
    )
    shown = tqdm(members, total=scale.members, desc="members", unit_scale=True, disable=None)
    return [member.pk for member in User.objects.bulk_create(shown, batch_size=2_000)]


def zipf(count: int, chance: random.Random) -> Callable[[], int]:
    """Return a function that returns a rank below `count`: 0 the most often, the last ones seldom."""
    base, draw = count / FLATNESS + 1, chance.random
    return lambda: int(FLATNESS * (base ** draw() - 1))


def follows_among(
    ids: list[int], scale: Scale, newest: datetime, chance: random.Random
) -> Iterator[tuple[int, int, object]]:
    """Yield who follows whom since when: everybody the first one, and many more of those who are popular."""
    rank = zipf(len(ids), chance)
    at = moment(newest)
    share = max(scale.follows // len(ids) - 1, 0)
    for number, follower in enumerate(ids):
        # Pareto: few follow very many. Its mean is 3 for 1.5, a little less without those beyond the limit.
        wanted = min(int(share * chance.paretovariate(1.5) / 2.85), MOST_FOLLOWED, len(ids) // 2)
        followed = {0}
        while len(followed) <= wanted:
            followed.add(rank())
        for other in sorted(followed - {number}):
            yield follower, ids[other], at(chance.random())


def posts_by(
    ids: list[int], scale: Scale, newest: datetime, chance: random.Random
) -> Iterator[tuple[int, str, object]]:
    """Yield the posts, the oldest first, spread evenly over the two years."""
    author, body, at = zipf(len(ids), chance), bodies(chance), moment(newest)
    for number in range(scale.posts):
        yield ids[author()], body(), at((number + chance.random()) / scale.posts)


def moment(newest: datetime) -> Callable[[float], object]:
    """Return a function: from a part (0 to 1) of the two years up to `newest` to the time, as the database takes it."""
    oldest, span = newest - timedelta(days=DAYS), timedelta(days=DAYS)
    adapt = connection.ops.adapt_datetimefield_value
    return lambda part: adapt(oldest + part * span)


def bodies(chance: random.Random) -> Callable[[], str]:
    """Return a function that makes a post's text: a phrase of frequent words, then a word that may be a rare one."""
    rare = rare_words(chance)
    openings = [opening for opening in TEXTS if len(opening) <= 100] + phrases(chance)
    opening, word = zipf(len(openings), chance), zipf(len(rare), chance)
    return lambda: f"{openings[opening()]} {rare[word()]}"


def phrases(chance: random.Random) -> list[str]:
    """Return phrases of the words of the texts."""
    words = sorted({word for text in TEXTS for word in text.split()})
    chance.shuffle(words)
    word = zipf(len(words), chance)
    return [" ".join(words[word()] for _ in range(chance.randint(2, 9))) for _ in range(PHRASES)]


def rare_words(chance: random.Random) -> list[str]:
    """Return invented words, each of them once; every tenth is a tag."""
    words = {"".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))): None for _ in range(RARE_WORDS)}
    return [f"#{word}" if number % 10 == 0 else word for number, word in enumerate(words)]
