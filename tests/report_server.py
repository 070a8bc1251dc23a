"""A server that takes error reports, as Sentry does."""

import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class ReportServer:
    """Listens on 127.0.0.1; `dsn` is what SENTRY_DSN is set to."""

    def __init__(self) -> None:
        """Start listening, with no report so far."""
        self.events: list[dict[str, Any]] = []
        self.received = b""
        server = self

        class Handler(BaseHTTPRequestHandler):
            """Takes what is posted."""

            def do_POST(self) -> None:
                server._take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://key@127.0.0.1:{self._server.server_port}/1"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, body: bytes) -> None:
        """Keep what came: an envelope's items, each a line that says what it is and one that it is."""
        content = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        self.received += content
        lines = content.splitlines()[1:]
        for header, item in zip(lines[::2], lines[1::2], strict=False):
            if json.loads(header)["type"] == "event":
                self.events.append(json.loads(item))

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
