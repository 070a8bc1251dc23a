"""A mail server that keeps of each mail only whose it was: a soak has thousands."""

from email import message_from_bytes
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from e2e.chaos.checks import MESSAGE_ID
from tests.mail_server import MailServer


class MailCount(MailServer):
    """`task_ids` is of which exports a mail arrived."""

    def start(self) -> None:
        """Listen."""
        self.task_ids: set[str] = set()
        super().start()

    async def handle_DATA(  # noqa: N802 - its name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Note of which export the message is (aiosmtpd's hook)."""
        head = cast(bytes, envelope.content).partition(b"\r\n\r\n")[0]
        if found := MESSAGE_ID.fullmatch(message_from_bytes(head)["Message-ID"] or ""):
            self.task_ids.add(found[1])
        return "250 OK"
