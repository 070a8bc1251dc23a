"""A member's visit to a newly deployed site over TLS, and the results it must have."""

import hashlib
import json
import re
import socket
import ssl
import urllib.request
from collections.abc import Mapping
from http.client import HTTPResponse, HTTPSConnection
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from tests.waiting import wait_until

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
DOWNLOAD = re.compile(r'href="(/exports/[0-9a-f-]{36}/download/)"')


class Loopback(HTTPSConnection):
    """A connection to this machine, whatever the name of the host."""

    def connect(self) -> None:
        """Connect; the certificate is still that of the name."""
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(plain, server_hostname=self.host)


class LoopbackHandler(urllib.request.HTTPSHandler):
    """Has urllib use such connections, which trust one certificate."""

    def __init__(self, certificate: Path) -> None:
        super().__init__()
        self._trust = ssl.create_default_context(cafile=str(certificate))

    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        """Open it."""
        return self.do_open(Loopback, request, context=self._trust)


class Member:
    """A browser of sorts, for https://microblog.example on this machine."""

    url = "https://microblog.example"

    def __init__(self, certificate: Path, name: str, password: str) -> None:
        """Sign in."""
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(LoopbackHandler(certificate), jar)
        page = self.post("/accounts/login/", login=name, password=password)
        assert f"/user/{name}/" in page, "Signing in led nowhere"

    def open(self, path: str, headers: Mapping[str, str] | None = None, data: bytes | None = None) -> Any:
        """Return the open answer; raises HTTPError."""
        request = urllib.request.Request(self.url + path, data, {"Referer": self.url + path, **(headers or {})})
        return self._opener.open(request, timeout=30)

    def get(self, path: str) -> str:
        """Return a page."""
        with self.open(path) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **form: str) -> str:
        """Send a form, with the token of the page that has it; return the page that it leads to."""
        found = TOKEN.search(self.get(path if path.startswith("/accounts/") else "/"))
        assert found, f"No form on {path}"
        with self.open(path, data=urlencode({"csrfmiddlewaretoken": found[1], **form}).encode()) as answer:
            return str(answer.read().decode())

    def status(self, path: str) -> int:
        """Return the status of an answer alone."""
        try:
            with self.open(path) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code

    def export(self) -> str:
        """Start an export; return the address of its file when it is there."""
        before = self.files()
        self.post("/exports/", kind="posts")
        return wait_until(lambda: self.files() - before, 90, interval=0.5, what="The file").pop()

    def files(self) -> set[str]:
        """Return the addresses of all files that can be downloaded."""
        return set(DOWNLOAD.findall(self.get("/exports/")))

    def check_download(self, path: str, posts: int) -> None:
        """Download the file whole and in two parts; look whether all are what was announced."""
        with self.open(path) as answer:
            whole, etag = answer.read(), answer.headers["ETag"]
            assert answer.headers["Last-Modified"], "The application sent the file itself, not nginx"
        assert etag == f'"{hashlib.sha256(whole).hexdigest()}"'
        assert len(json.loads(whole)["posts"]) == posts
        with (
            self.open(path, {"Range": "bytes=0-9"}) as begun,
            self.open(path, {"Range": "bytes=10-", "If-Range": etag}) as rest,
        ):
            assert (begun.status, rest.status) == (206, 206)
            assert begun.read() + rest.read() == whole
