"""A bucket that can refuse, be slow, and forget to reply."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode, urlsplit

from tests.bucket import BUCKET, Bucket


class FaultyBucket(ThreadingHTTPServer):
    """Stands in front of a real S3 server; `url` is what EXPORT_STORAGE_URL is set to."""

    daemon_threads = True

    def __init__(self, bucket: Bucket) -> None:
        """Listen."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = urlsplit(bucket.endpoint).netloc
        self.refuses = False
        self.stored = threading.Event()  # set when a file was stored
        self.replies = threading.Event()  # set unless it is to say nothing of that
        self.replies.set()
        endpoint = f"http://127.0.0.1:{self.server_port}"
        self.url = f"s3://{BUCKET}/some/prefix?{urlencode({'endpoint_url': endpoint})}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self.replies.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: FaultyBucket
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.refuses:
            self._reply(503, [], b"")
            return
        upstream = http.client.HTTPConnection(self.server.host, timeout=60)
        upstream.request(self.command, self.path, content, dict(self.headers))
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        if self.command == "PUT":
            self.server.stored.set()
            self.server.replies.wait(60)
        self._reply(answer.status, answer.getheaders(), body)

    def _reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"connection", "content-length", "date", "server", "transfer-encoding"}:
                self.send_header(name, value)
        length = dict(headers).get("Content-Length", str(len(body))) if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - so does http.server call them

    def log_message(self, *_arguments: object) -> None:
        pass
