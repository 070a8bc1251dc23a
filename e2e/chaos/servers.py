"""Temporary faults of the queue server, PostgreSQL and the mail server, each a context manager."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.faults.queue_servers import QueueServer
from tests.mail_server import MailServer
from tests.postgresql import Cluster

SLOWNESS = 0.2  # seconds for each mail: work-horses are to be struck while they mail, too


class SlowMailServer(MailServer):
    """Takes its time."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the message, or not (aiosmtpd's hook)."""
        await asyncio.sleep(SLOWNESS)
        return await super().handle_DATA(server, session, envelope)


@contextmanager
def queue_killed(server: QueueServer) -> Iterator[None]:
    """Let it be away, and come back with what it had."""
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def queue_frozen(server: QueueServer) -> Iterator[None]:
    """Stop it from responding."""
    server.pause()
    try:
        yield
    finally:
        server.resume()


@contextmanager
def queue_emptied(server: QueueServer) -> Iterator[None]:
    """Let it forget everything."""
    server.empty()
    yield


@contextmanager
def database_killed(cluster: Cluster) -> Iterator[None]:
    """Let it be away, and come back with what was committed."""
    cluster.crash()
    try:
        yield
    finally:
        cluster.start()


@contextmanager
def mail_down(server: MailServer) -> Iterator[None]:
    """Let it be away."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def mail_refused(server: MailServer) -> Iterator[None]:
    """Let it refuse every mail for the moment."""
    server.refusal = "451 try later"
    try:
        yield
    finally:
        server.refusal = ""


@contextmanager
def mail_stalled(server: MailServer) -> Iterator[None]:
    """Let it leave every mail without a reply."""
    server.stalls = True
    try:
        yield
    finally:
        server.stalls = False


@contextmanager
def mail_dropped(server: MailServer) -> Iterator[None]:
    """Let it take every mail, and hang up before it says so."""
    server.hangs_up = True
    try:
        yield
    finally:
        server.hangs_up = False
