"""The site's members: with no posts, one, and many."""

from itertools import islice, pairwise

from accounts.models import Follow, User
from benchmarks.fill import fill

SIZES = {"dmitri": 4_000, "boris": 1, "anna": 0, "farid": 100_000, "elena": 30_000, "carla": 300}


def populate(number: int) -> list[str]:
    """Make so many members, no two with the same posts; return their names."""
    return populate_with(dict(islice(SIZES.items(), number)))


def populate_with(sizes: dict[str, int]) -> list[str]:
    """Make members with so many posts each, who follow each other in a row; return their names."""
    fill(sizes)
    members = [User.objects.get(username=name) for name in sizes]
    Follow.objects.bulk_create(Follow(follower=one, followed=other) for one, other in pairwise(members))
    return list(sizes)
