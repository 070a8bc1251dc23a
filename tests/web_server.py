"""The site's web server as it is deployed, and asking it as a member's browser does."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

from django.test import Client

from tests.deploy.web_server import WebServer

TOKEN = "a" * 32
"""What cookie and form say alike, so that a form is known as the site's own."""


class AskedServer(WebServer):
    """Answers a test."""

    @property
    def pid(self) -> int:
        """Return the id of the process that starts the others."""
        return self._process.pid

    def ask(self, path: str, client: Client | None = None, headers: dict[str, str] | None = None) -> HTTPResponse:
        """Return the answer to a GET of the client's, read to its end."""
        return self._answer("GET", path, None, (headers or {}) | cookies_of(client))

    def send(self, path: str, client: Client, **fields: str) -> HTTPResponse:
        """Return the answer to a form of the client's, read to its end."""
        body = urlencode(fields | {"csrfmiddlewaretoken": TOKEN})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._answer("POST", path, body, form | cookies_of(client))

    def _answer(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> HTTPResponse:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as web:
            web.request(method, path, body, headers)
            response = web.getresponse()
            response.content = response.read()  # type: ignore[attr-defined]
            return response


def cookies_of(client: Client | None) -> dict[str, str]:
    """Return the header with the client's cookies."""
    cookies = [f"csrftoken={TOKEN}"]
    if client:
        cookies += [f"{name}={morsel.value}" for name, morsel in client.cookies.items()]
    return {"Cookie": "; ".join(cookies)}


@contextmanager
def web_server(log: Path, variables: dict[str, str]) -> Iterator[AskedServer]:
    """Run a web server within the block, with environment variables of its own; it writes to `log`."""
    server = AskedServer(log, **variables)
    try:
        yield server
    finally:
        server.stop()
