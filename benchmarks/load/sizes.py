"""The members' numbers of posts: as on real sites, most have few and some have very many."""

import random
from math import exp, log

LARGE, LARGE_IN_HASTE = 100_000, 3_000
MANY, VERY_MANY = 1_000, 10_000
MOST = 300
"""Posts that an ordinary member does not exceed."""

# Of 25 members who export, these: so that any number of them is about the same mixture.
LARGE_PLACES, MANY_PLACES = {12}, {3, 16}
TURN = 25


def is_large(place: int) -> bool:
    """Return whether the member at this place among those who export has very many posts."""
    return place % TURN in LARGE_PLACES


def exporters(number: int, *, large: int = LARGE, seed: int = 22) -> list[int]:
    """Return the posts of so many members who export: of 100, 88 are ordinary, 8 have thousands, 4 have `large`."""
    chance = random.Random(seed)
    return [_posts(place, large, chance) for place in range(number)]


def _posts(place: int, large: int, chance: random.Random) -> int:
    if is_large(place):
        return large
    if place % TURN in MANY_PLACES:
        return min(large, int(exp(chance.uniform(log(MANY), log(VERY_MANY)))))
    return ordinary(chance)


def ordinary(chance: random.Random) -> int:
    """Return the posts of an ordinary member: half have 11 or fewer."""
    return min(MOST, int(8 * (chance.paretovariate(0.8) - 1)))
