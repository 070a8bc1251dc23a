"""How many follow a member, and how many they follow: counted as far as the number says something."""

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet

from accounts.models import Follow, User

MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Count:
    """A number of rows; of many more than anybody would count, only that they are more."""

    number: int
    has_more: bool

    def __str__(self) -> str:
        return f"{intcomma(self.number)}{'+' if self.has_more else ''}"


def follow_counts(member: User) -> dict[str, Count]:
    """Return how many `followers` the member has, and how many are in their `following`: those whom the lists show."""
    closed = User.objects.filter(is_active=False)
    return {
        "followers": _count(member.followed_by.exclude(follower__in=closed)),
        "following": _count(member.follows.exclude(followed__in=closed)),
    }


def _count(follows: QuerySet[Follow]) -> Count:
    counted = follows[: MOST_COUNTED + 1].count()
    return Count(min(counted, MOST_COUNTED), has_more=counted > MOST_COUNTED)
