"""The resources of a subject: a filled database, its members, and a folder to write to."""

from dataclasses import dataclass
from pathlib import Path

from accounts.models import User
from benchmarks.plan import member_name


@dataclass(frozen=True)
class Bench:
    """A database under measurement."""

    database: str
    """`sqlite` or `postgresql`."""
    quick: bool
    """Whether only to try that everything runs."""
    sizes: tuple[int, ...]
    """How many posts the members have, ascending."""
    folder: Path
    """For files, on the disk of the exports."""
    copy_url: str
    """A PostgreSQL with the same posts, for its `COPY`; empty if not available."""

    def member(self, size: int) -> User:
        """Return the member with so many posts."""
        return User.objects.get(username=member_name(size))

    @property
    def smallest(self) -> int:
        """Return the number of posts of the member with the fewest."""
        return self.sizes[0]

    @property
    def largest(self) -> int:
        """Return the number of posts of the member with the most."""
        return self.sizes[-1]

    def rounds(self, number: int) -> int:
        """Return how often to measure: `number` times, in haste a tenth of that."""
        return max(1, number // 10) if self.quick else number


def in_words(size: int) -> str:
    """Return a number of posts as it is read: 1k, 10k, 1M."""
    return f"{size // 1_000_000}M" if size >= 1_000_000 else f"{size // 1_000}k"
