"""Write a member's posts to a file, without queue or email: for staff who have to answer an access request."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.models import User
from exports.building.snapshot import posts_batches, read_snapshot
from exports.formats.posts_json import write_posts


class Command(BaseCommand):
    """`manage.py export_posts <username> --output posts.json`."""

    help = "Write a member's posts to a JSON file: the same file that the member's own export makes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the member and the file."""
        parser.add_argument("username")
        parser.add_argument("--output", type=Path, required=True, help="the file to write; it must not exist")

    def handle(self, *_args: Any, username: str, output: Path, **_options: Any) -> None:
        """Write the file whole, or not at all."""
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"No member is called {username!r}. Find the name in the admin under Users.")
        if output.exists():
            raise CommandError(f"{output} already exists. Name another file, or remove it first.")
        posts = self._write(user, output)
        self.stdout.write(f"{posts} posts written to {output}")

    def _write(self, user: User, output: Path) -> int:
        # Under another name until it is whole: a half-written file is never taken for the answer.
        draft = output.with_name(f".{output.name}.part")
        try:
            with (
                draft.open("wb") as file,
                read_snapshot(),
                tqdm(total=user.posts.count(), unit="post", disable=None) as bar,
            ):
                posts = write_posts(posts_batches(user.pk), file, lambda done: bar.update(done - bar.n))
            draft.rename(output)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}. Choose another place.") from error
        finally:
            draft.unlink(missing_ok=True)
        return posts
