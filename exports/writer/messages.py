"""What the member wrote to others and they to them: `messages.json`, and pages to read, from one reading."""

from collections.abc import Sequence
from dataclasses import dataclass

from exports.writer.offline_pages import Pages, escaped
from exports.writer.posts_json import JsonList
from exports.writer.rows import Skipped, problem_with

ARTICLE = '<article id="m{}"><p class="aside">{} → {}</p><p dir="auto">{}</p><time>{}</time></article>\n'


@dataclass(frozen=True, slots=True)
class Message:
    """A private message."""

    sender: str
    recipient: str
    body: str
    timestamp: str
    """ISO 8601 in UTC with `Z`."""
    id: int


class MessageFiles:
    """Both forms. Messages are far fewer than posts can be: they are written one by one."""

    def __init__(self, listing: JsonList, pages: Pages, skipped: list[Skipped]) -> None:
        """Begin; what no file can hold is added to `skipped`."""
        self._listing = listing
        self._pages = pages
        self._skipped = skipped
        self.written = 0

    def add(self, batch: Sequence[Message]) -> None:
        """Write a batch, oldest first."""
        messages = [message for message in batch if self._is_readable(message)]
        if messages:
            self._listing.add([_record(message) for message in messages])
            content = "".join(_article(message) for message in reversed(messages))
            days = messages[0].timestamp[:10], messages[-1].timestamp[:10]
            self._pages.add(content.encode(), days, len(messages))
        self.written += len(messages)

    def close(self) -> None:
        """End both."""
        self._listing.close()
        self._pages.close()

    def _is_readable(self, message: Message) -> bool:
        reason = problem_with(message.body, message.timestamp)
        if reason:
            timestamp = message.timestamp.encode(errors="backslashreplace").decode()
            self._skipped.append(Skipped(reason, timestamp, message.id, record="message"))
        return not reason


def _record(message: Message) -> dict[str, str]:
    return {
        "from": message.sender,
        "to": message.recipient,
        "timestamp": message.timestamp,
        "body": message.body,
    }


def _article(message: Message) -> str:
    texts = (escaped(text) for text in (message.sender, message.recipient, message.body))
    return ARTICLE.format(message.id, *texts, message.timestamp)
