"""The files for other programs, `posts.csv` and `outbox.json`: written together, of many posts beside all else."""

from collections.abc import Iterator
from io import BytesIO

from exports.formats.activity_streams import OUTBOX_ITEMS, Activities, outbox_head
from exports.formats.posts_json import JsonList
from exports.formats.side_process import SideProcess
from exports.formats.spreadsheet import HEADER, spreadsheet_rows
from exports.formats.weaving import JoinedPosts
from exports.formats.zip_file import Packed, SealedZip, ZipPart

BESIDE_FROM = 20_000  # posts; for fewer a process is not worth its start


class InterchangeFiles:
    """Two thirds of an archive's bytes. A process of their own takes a third off the time of a large one."""

    def __init__(self, container: SealedZip, activities: Activities, *, expected: int) -> None:
        """Begin both; `expected` is how many posts there will be, unless some cannot be written."""
        self._container = container
        self._expected = expected
        self._spreadsheet = container.part("posts.csv")
        self._outbox_part = container.part("outbox.json")
        self._outbox = JsonList(OUTBOX_ITEMS, self._outbox_part, head=outbox_head(expected))
        self._activities = activities
        self._written = 0
        self._side: SideProcess[JoinedPosts, list[Packed]] | None = None
        self._spreadsheet.write(HEADER)

    def add(self, posts: JoinedPosts) -> None:
        """Write a batch. Raises what went wrong with an earlier one, ChildProcessError if the process was killed."""
        if not self._side and self._written >= BESIDE_FROM:
            for part in (self._spreadsheet, self._outbox_part):
                part.flush_to_disk()
            self._side = SideProcess(self._write_all)
        if self._side:
            self._side.send(posts)
        else:
            self._write(posts)

    def finish(self, written: int) -> None:
        """End them and add them to the container, with so many posts. Raises as `add` does."""
        spreadsheet, outbox = self._side.result() if self._side else self._write_all(iter(()))
        self._container.add(self._spreadsheet, spreadsheet)
        if written == self._expected:
            self._container.add(self._outbox_part, outbox)
        else:
            self._container.add(self._recounted(written))

    def _recounted(self, written: int) -> ZipPart:
        """Return the outbox with the right number at its beginning. It is rare enough to be written a second time."""
        right = self._container.part(self._outbox_part.name)
        JsonList(OUTBOX_ITEMS, right, head=outbox_head(written))
        wrong = BytesIO()
        JsonList(OUTBOX_ITEMS, wrong, head=outbox_head(self._expected))
        left_out = wrong.tell()
        for chunk in self._outbox_part.unpacked():
            right.write(chunk[left_out:])
            left_out = max(0, left_out - len(chunk))
        self._container.drop(self._outbox_part)
        return right

    def discard(self) -> None:
        """Leave no process behind; a second call does nothing."""
        if self._side:
            self._side.discard()

    def _write_all(self, batches: Iterator[JoinedPosts]) -> list[Packed]:
        for posts in batches:
            self._write(posts)
        self._outbox.close()
        return [self._spreadsheet.finish(), self._outbox_part.finish()]

    def _write(self, posts: JoinedPosts) -> None:
        self._spreadsheet.write(spreadsheet_rows(posts))
        self._outbox.add_encoded(self._activities.encoded(posts))
        self._written += posts.number
