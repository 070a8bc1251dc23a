"""The site's members, who export and who import: with no posts, one, and many."""

from itertools import islice, pairwise

from accounts.models import Follow, User
from benchmarks.fill import fill

SIZES = {"dmitri": 4_000, "boris": 1, "anna": 0, "farid": 100_000, "elena": 30_000, "carla": 300}
IMPORTERS = {"gita": 300, "hugo": 0, "irene": 4_000}


def populate(number: int, importers: int) -> tuple[list[str], list[str]]:
    """Make so many members who export, no two with the same posts, and who import; return their names."""
    exporting, importing = (list(islice(sizes, count)) for sizes, count in ((SIZES, number), (IMPORTERS, importers)))
    sizes = SIZES | IMPORTERS
    populate_with({name: sizes[name] for name in (*exporting, *importing)})
    return exporting, importing


def populate_with(sizes: dict[str, int]) -> list[str]:
    """Make members with so many posts each, who follow each other in a row; return their names."""
    fill(sizes)
    members = [User.objects.get(username=name) for name in sizes]
    Follow.objects.bulk_create(Follow(follower=one, followed=other) for one, other in pairwise(members))
    return list(sizes)
