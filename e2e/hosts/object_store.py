"""The process of the storage's host: a real S3 server that has, after an end of any kind, what it had before.

`python -m e2e.hosts.object_store ADDRESS PORT JOURNAL`. moto keeps everything in memory; this keeps each change in a
file first, and makes them all again at the next start, before anybody can ask.
"""

import base64
import json
import sys
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.test import EnvironBuilder, run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CHANGES = {"PUT", "POST", "DELETE"}


class Journal:
    """A WSGI application around another one."""

    def __init__(self, app: "WSGIApplication", path: Path) -> None:
        """Have the application make all changes that are in the file."""
        self._app = app
        self._lock = Lock()
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        for line in lines:
            if line.endswith("\n"):  # what was not written whole was never answered
                self._make_again(json.loads(line))
        path.write_text("".join(line for line in lines if line.endswith("\n")))
        self._file = path.open("a")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Note the request if it changes anything, and pass it on."""
        if environ["REQUEST_METHOD"] in CHANGES:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(body)
            self._note(environ, body)
        return self._app(environ, start_response)

    def _note(self, environ: "WSGIEnvironment", body: bytes) -> None:
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        entry = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query_string": environ["QUERY_STRING"],
            "content_type": environ.get("CONTENT_TYPE"),
            "headers": headers,
            "data": base64.b64encode(body).decode(),
        }
        with self._lock:
            self._file.write(f"{json.dumps(entry)}\n")
            self._file.flush()

    def _make_again(self, entry: dict[str, Any]) -> None:
        request = EnvironBuilder(**entry | {"data": base64.b64decode(entry["data"])})
        run_wsgi_app(self._app, request.get_environ(), buffered=True)


def main(address: str, port: str, journal: str) -> None:
    """Serve until the end."""
    app = Journal(DomainDispatcherApplication(create_backend_app), Path(journal))
    run_simple(address, int(port), app, threaded=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
