"""A real SMTP server that keeps its messages and can simulate every fault."""

import asyncio
import email
import email.policy
import socket
from contextlib import ExitStack
from email.message import EmailMessage
from typing import Any, AnyStr, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def free_port() -> int:
    """Return a free TCP port of 127.0.0.1."""
    return free_ports(1)[0]


def free_ports(number: int) -> list[int]:
    """Return so many, all different: one that is free again may be given out again at once."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class RefusingSMTP(SMTP):
    """aiosmtpd's server, with the replies of `MailServer.replies` instead of its own."""

    async def push(self, status: AnyStr) -> None:
        """Send a line; the first is the greeting."""
        greeting = self.event_handler.replies.get("connect")
        text = status if isinstance(status, str) else status.decode()
        await super().push(greeting if greeting and text.startswith("220 ") else text)

    async def _refuses(self, command: str) -> bool:
        size = getattr(self.envelope, "mail_options", None) or []
        declared = max((int(option[5:]) for option in size if option.startswith("SIZE=")), default=0)
        if command in self.event_handler.replies and declared >= self.event_handler.refuses_from:
            await self.push(self.event_handler.replies[command])
            return True
        return False

    async def smtp_EHLO(self, hostname: str) -> None:
        """Greet, or not."""
        if not await self._refuses("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        """Greet, or not."""
        if not await self._refuses("EHLO"):
            await super().smtp_HELO(hostname)

    async def smtp_AUTH(self, arg: str) -> None:
        """Let the client sign in, or not."""
        if not await self._refuses("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        """Take the recipient, or not."""
        if not await self._refuses("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        """Ask for the message, or not."""
        if not await self._refuses("DATA"):
            await super().smtp_DATA(arg)


class RefusingController(Controller):
    """Runs it."""

    def factory(self) -> SMTP:
        """Return the server of one connection."""
        return RefusingSMTP(self.handler, **self.SMTP_kwargs)


class MailServer:
    """Listens on 127.0.0.1:`port`; `messages` is what arrived, `recipients` to whom, in the order of arrival."""

    def __init__(self, **options: Any) -> None:
        """Start it; `options` go to aiosmtpd (for example data_size_limit=10_000_000)."""
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refusal = ""  # a reply such as "451 try later", while mail is to be refused
        self.unknown_recipient = ""  # such as "550 no such user", while every recipient is to be refused
        # Replies by stage (connect, EHLO, AUTH, MAIL, RCPT, DATA, message) that refuse a mail of this size or more.
        self.replies: dict[str, str] = {}
        self.refuses_from = 0  # bytes
        self.tried: list[int] = []  # the size of each mail that was begun, as the client declared it
        self.stalls = False  # while it is to leave every mail without a reply
        self.stalled = 0  # the mails that wait for one now
        self.hangs_up = False  # while it is to keep every mail, but to hang up instead of saying so
        self.cuts_off_from = 0  # bytes; a mail of so many or more is ended without a reply, and not kept
        self.cut_off = 0  # how many were
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.options = options
        self.start()

    def start(self) -> None:
        """Listen, for the first time or after a `stop`."""
        self._controller = RefusingController(self, hostname="127.0.0.1", port=self.port, **self.options)
        self._controller.start()

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        """Begin a mail, or not (aiosmtpd's hook)."""
        size = max((int(option[5:]) for option in mail_options if option.startswith("SIZE=")), default=0)
        self.tried.append(size)
        if "MAIL" in self.replies and size >= self.refuses_from:
            return self.replies["MAIL"]
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take the recipient, or not (aiosmtpd's hook)."""
        if self.unknown_recipient:
            return self.unknown_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the message (aiosmtpd's hook)."""
        if self.stalls:
            await self._leave_without_reply()
        if self.refusal:
            return self.refusal
        content = cast(bytes, envelope.content)
        if self.cuts_off_from and len(content) >= self.cuts_off_from:
            self.cut_off += 1
            cast(asyncio.Transport, server.transport).abort()
            return ""
        if "message" in self.replies and len(content) >= self.refuses_from:
            return self.replies["message"]
        self.messages.append(email.message_from_bytes(content, policy=email.policy.default))
        self.recipients.append(list(envelope.rcpt_tos))
        if self.hangs_up:
            cast(asyncio.Transport, server.transport).abort()
        return "250 OK"

    async def _leave_without_reply(self) -> None:
        self.stalled += 1
        try:
            while self.stalls:
                await asyncio.sleep(0.02)  # aiosmtpd cancels it when the client hangs up
        finally:
            self.stalled -= 1

    def stop(self) -> None:
        """Stop listening; a second call does nothing."""
        if self._controller.loop and not self._controller.loop.is_closed():
            self._controller.stop(no_assert=True)
