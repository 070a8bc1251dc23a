"""Writes a member's data as files, in constant memory. Knows neither models nor queues.

Rows come in, oldest first, as the database streams them; bytes go out. What each file looks like is in a module
of its own; `posts_json` is the one that every export has.
"""

from exports.formats.archive import Source, write_archive
from exports.formats.messages import Conversation, Message
from exports.formats.posts_json import write_posts
from exports.formats.rows import BATCH_SIZE, Batch, Skipped, batches_of, in_batches, utc_text
from exports.formats.zip_file import DigestingFile

__all__ = [
    "BATCH_SIZE",
    "Batch",
    "Conversation",
    "DigestingFile",
    "Message",
    "Skipped",
    "Source",
    "batches_of",
    "in_batches",
    "utc_text",
    "write_archive",
    "write_posts",
]
