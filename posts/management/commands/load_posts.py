"""Load a member's posts from a file of JSON lines: their posts from another site, or real text to try this one."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from accounts.models import User
from posts.lines import MAX_LINE_BYTES, BadLineError, posts_from_lines
from posts.models import Post

BATCH_SIZE = 2000


class Command(BaseCommand):
    """`manage.py load_posts <username> <file.jsonl>`."""

    help = 'Load posts, one {"timestamp": ISO 8601 with offset, "body": text} a line: all of them, or none.'

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the member and the file."""
        parser.add_argument("username")
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, username: str, file: Path, **_options: Any) -> None:
        """Load the file in one transaction."""
        author = User.objects.filter(username=username).first()
        if author is None:
            raise CommandError(f"No member is called {username!r}. Sign up, run seed_demo or name another member.")
        try:
            with file.open("rb") as lines, transaction.atomic():
                count = load(lines, author)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except BadLineError as error:
            message = f"{file}: {error}\nNothing was loaded. Mend the line and load the file again."
            raise CommandError(message) from error
        self.stdout.write(f"{count} posts loaded for {username}")


def load(lines: BinaryIO, author: User) -> int:
    """Insert the posts in batches, with a progress bar on a terminal; return their number."""
    count = 0
    with tqdm(total=os.fstat(lines.fileno()).st_size, unit="B", unit_scale=True, disable=None) as bar:
        posts = posts_from_lines(watched(lines, bar), author)
        while batch := list(islice(posts, BATCH_SIZE)):
            count += len(Post.objects.bulk_create(batch))
    return count


def watched(lines: BinaryIO, bar: "tqdm[NoReturn]") -> Iterator[bytes]:
    """Yield the lines, and move the bar; a file without line ends must not fill the memory."""
    while line := lines.readline(MAX_LINE_BYTES + 1):
        bar.update(len(line))
        yield line
