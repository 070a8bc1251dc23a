"""HTTP as a proxy speaks it to the web server: a connection for each request, the answer read to its end.

By hand, on asyncio's streams: a client library would take as long for a poll as the site does.
"""

import asyncio
import re
from dataclasses import dataclass

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
NO_CONTENT = 204  # the only answer without a length
LOWEST_ERROR = 400


class NoAnswerError(Exception):
    """There was no whole answer, or one that is an error; the text says which."""


@dataclass(frozen=True)
class Answer:
    """The server's response."""

    status: int
    body: bytes


async def ask(port: int, path: str, *, cookie: str, form: str = "", live: bool = False, timeout: float = 60) -> Answer:
    """Fetch a page, or send a form; raises NoAnswerError, also when it takes longer than `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request(path, cookie, form, live=live))
                raw = await reader.read()
            finally:
                writer.close()
    except TimeoutError as error:
        raise NoAnswerError(f"nothing in {timeout:g} s") from error
    except OSError as error:
        raise NoAnswerError(type(error).__name__) from error
    return parsed(raw)


def request(path: str, cookie: str, form: str, *, live: bool) -> bytes:
    """Return the request's bytes."""
    lines = [
        f"{'POST' if form else 'GET'} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        "Accept-Encoding: identity",
        "Accept-Language: en",
        f"Cookie: {cookie}",
    ]
    if live:
        lines.append("X-Live-Refresh: 1")
    if form:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}"]
    return "\r\n".join([*lines, "", form]).encode()


def parsed(raw: bytes) -> Answer:
    """Parse the bytes of a response; raise NoAnswerError if it is incomplete or an error."""
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        raise NoAnswerError("the connection ended early")
    status = int(head.split(b" ", 2)[1])
    length = LENGTH.search(head)
    if status != NO_CONTENT and (length is None or len(body) != int(length[1])):
        raise NoAnswerError("the connection ended early")
    if status >= LOWEST_ERROR:
        raise NoAnswerError(str(status))
    return Answer(status, body)
