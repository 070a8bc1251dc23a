"""Jobs over the posts of all members."""

import time
from contextlib import nullcontext
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from posts.models import Post
from posts.search.interface import ENGINES
from posts.search.table import TABLES
from tasks.job import Result, SystemJob
from tasks.registry import register

START = {"table": 0, "after": 0, "done": 0}
"""A position: the number of the table, the id of the last row in its new index, and the rows of all tables so far."""

MAX_PAUSE_SECONDS = 0.1
"""After a batch the job pauses for as long as the batch took: SQLite has no queue in which other writers get a turn."""


@register
class RebuildSearchIndex(SystemJob):
    """Rebuild the indexes of the search in batches, while the old ones answer."""

    name = "rebuild_search_index"
    label = _("Rebuild the search index")
    description = _("Rebuilding the search index...")
    unit = _("rows")

    def run(self) -> Result:
        """Continue from the last checkpoint to the end of the last table."""
        total = Post.objects.count() + User.objects.count()
        position = self.task.checkpoint or START
        while position["table"] < len(TABLES):
            self.progress(position["done"], total)
            began_at = time.monotonic()
            position = self._next(position)
            time.sleep(min(time.monotonic() - began_at, MAX_PAUSE_SECONDS))
        return Result(done=position["done"])

    def _next(self, position: dict[str, Any]) -> dict[str, Any]:
        """Rebuild a batch; return the position after it."""
        engine = ENGINES[connection.vendor]
        with (
            transaction.atomic() if engine.IS_REBUILT_IN_TRANSACTIONS else nullcontext(),
            connection.cursor() as cursor,
        ):
            last, count = engine.rebuild(cursor, TABLES[position["table"]], position["after"])
            done = position["done"] + count
            following = {"table": position["table"] + (last is None), "after": last or 0, "done": done}
            self.save_checkpoint(following)
        return following
