"""The files for other programs, `posts.csv` and `outbox.json`: written together, of many posts beside all else."""

from collections.abc import Iterator

from exports.writer.activity_streams import OUTBOX_HEAD, OUTBOX_ITEMS, Activities
from exports.writer.posts_json import JsonList
from exports.writer.side_process import SideProcess
from exports.writer.spreadsheet import HEADER, spreadsheet_rows
from exports.writer.weaving import JoinedPosts
from exports.writer.zip_file import Packed, ZipPart

BESIDE_FROM = 20_000  # posts; for fewer a process is not worth its start


class InterchangeFiles:
    """Two thirds of an archive's bytes. A process of their own takes a third off the time of a large one."""

    def __init__(self, spreadsheet: ZipPart, outbox: ZipPart, activities: Activities) -> None:
        """Begin both."""
        self.parts = spreadsheet, outbox
        self._spreadsheet = spreadsheet
        self._outbox = JsonList(OUTBOX_ITEMS, outbox, head=OUTBOX_HEAD)
        self._activities = activities
        self._written = 0
        self._side: SideProcess[JoinedPosts, list[Packed]] | None = None
        spreadsheet.write(HEADER)

    def add(self, posts: JoinedPosts) -> None:
        """Write a batch. Raises what went wrong with an earlier one, ChildProcessError if the process was killed."""
        if not self._side and self._written >= BESIDE_FROM:
            for part in self.parts:
                part.flush_to_disk()
            self._side = SideProcess(self._write_all)
        if self._side:
            self._side.send(posts)
        else:
            self._write(posts)

    def finish(self) -> list[Packed]:
        """End them; return what is known of the parts. Raises as `add` does."""
        return self._side.result() if self._side else self._write_all(iter(()))

    def discard(self) -> None:
        """Leave no process behind; a second call does nothing."""
        if self._side:
            self._side.discard()

    def _write_all(self, batches: Iterator[JoinedPosts]) -> list[Packed]:
        for posts in batches:
            self._write(posts)
        self._outbox.close(totalItems=self._written)
        return [part.finish() for part in self.parts]

    def _write(self, posts: JoinedPosts) -> None:
        self._spreadsheet.write(spreadsheet_rows(posts))
        self._outbox.add_encoded(self._activities.encoded(posts))
        self._written += posts.number
