"""The member's private messages: `messages.json`, and pages of each conversation to read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exports.formats.offline_pages import escaped
from exports.formats.page_files import Piece, month_heading
from exports.formats.posts_json import JsonList
from exports.formats.rows import Skipped, is_readable, problem_with

ARTICLE = '<article id="m{}" class="{}"><p class="aside">{}</p><p dir="auto">{}</p><time>{}</time></article>\n'


@dataclass(frozen=True, slots=True)
class Message:
    """A private message."""

    sender: str
    recipient: str
    body: str
    timestamp: str
    """ISO 8601 in UTC with `Z`."""
    id: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages between the member and one other."""

    partner: str
    records: int
    """How many messages there are, as the database counts them."""
    messages: Iterable[Message]
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class ListedConversation:
    """A conversation as `index.html` lists it."""

    partner: str
    page: str
    """The name of its newest page."""
    records: int


def add_messages(batch: Sequence[Message], listing: JsonList, skipped: list[Skipped]) -> int:
    """Write a batch to `messages.json`; return how many. Those that no file can hold are added to `skipped`."""
    messages = [m for m in batch if is_readable(m.body, m.timestamp, m.id, skipped, "message")]
    listing.add([{"from": m.sender, "to": m.recipient, "timestamp": m.timestamp, "body": m.body} for m in messages])
    return len(messages)


def conversation_piece(batch: Sequence[Message], username: str) -> Piece:
    """Return messages as HTML, the newest first, without those that no file can hold."""
    messages = [message for message in reversed(batch) if not problem_with(message.body, message.timestamp)]
    parts: list[bytes] = []
    months: dict[str, int] = {}
    for message in messages:
        month = message.timestamp[:7]
        if months and month not in months:
            parts.append(month_heading(month))
        months[month] = months.get(month, 0) + 1
        parts.append(_article(message, username).encode())
    return Piece(b"".join(parts), months)


def _article(message: Message, username: str) -> str:
    whose = "mine" if message.sender == username else "theirs"
    return ARTICLE.format(message.id, whose, escaped(message.sender), escaped(message.body), message.timestamp)
