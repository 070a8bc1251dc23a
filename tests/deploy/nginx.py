"""A real nginx with `deploy/nginx/microblog.conf`, on ports and in a folder of its own."""

import os
import re
import ssl
import subprocess
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from development.embedded_server import BASE_DIR
from tests.mail_server import free_ports
from tests.programs import find_program
from tests.waiting import wait_until
from tests.workers import stop_process

SITE = BASE_DIR / "deploy" / "nginx"

# What the distribution's own file says around ours. The tests' files are their user's alone, root's for example.
AROUND = """
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log info;
events {{}}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    sendfile on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Answer(NamedTuple):
    """The response."""

    status: int
    headers: dict[str, str]  # the names in lower case
    body: bytes


class Nginx:
    """Listens as `localhost` on `port` (TLS) and `plain_port`, in front of what listens on `upstream`."""

    def __init__(self, program: str, folder: Path, *, upstream: int) -> None:
        """Start it in `folder`, and wait until it listens."""
        self.port, self.plain_port = free_ports(2)
        self.folder = folder
        self._make_certificate()
        (folder / "site.conf").write_text(self._site(upstream))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
        self._trust = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            wait_until((folder / "pid").exists, what="nginx", found=self.errors)
        except BaseException:
            self.stop()
            raise

    def _make_certificate(self) -> None:
        """Sign a certificate for localhost with its own key."""
        key, certificate = self.folder / "privkey.pem", self.folder / "fullchain.pem"
        options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        files = ["-keyout", str(key), "-out", str(certificate)]
        openssl = find_program("openssl", package="openssl")
        subprocess.run([openssl, "req", "-x509", *options, *name, *files], check=True, capture_output=True)

    def _site(self, upstream: int) -> str:
        """Return the site's file, with only that changed which an operator would change, and the ports."""
        text = re.sub(r"listen \[::\].*\n", "", (SITE / "microblog.conf").read_text())
        for old, new in {
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "microblog.example": "localhost",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "/etc/microblog/tls": str(self.folder),
            "/var/lib/microblog/exports": str(settings.VAR_DIR / "exports"),
            "/srv/microblog/deploy/nginx": str(SITE),
            "/var/log/nginx": str(self.folder),
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    @property
    def url(self) -> str:
        """Return the site's address."""
        return f"https://localhost:{self.port}"

    def errors(self) -> str:
        """Return what it has logged."""
        log = self.folder / "error.log"
        return log.read_text() if log.exists() else ""

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Return the answer to one request, sent exactly like this, over TLS with a verified certificate."""
        return answer_of(self.connection(), method, path, headers or {}, body)

    def connection(self) -> HTTPSConnection:
        """Return a connection, not open yet, over TLS with a verified certificate."""
        return HTTPSConnection("localhost", self.port, context=self._trust, timeout=30)

    def ask_with(self, newest: ssl.TLSVersion) -> Answer:
        """Return the answer to a client that knows no TLS newer than this; raises SSLError if it gets none."""
        context = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
        context.set_ciphers("ALL:@SECLEVEL=0")
        return answer_of(HTTPSConnection("localhost", self.port, context=context, timeout=30), "GET", "/", {}, b"")

    def ask_plainly(self, path: str, host: str = "localhost") -> Answer:
        """Return the answer to a GET without TLS."""
        return answer_of(HTTPConnection("127.0.0.1", self.plain_port, timeout=30), "GET", path, {"Host": host}, b"")

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        stop_process(self._process)


def answer_of(connection: HTTPConnection, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send one request over a connection of its own."""
    try:
        connection.request(method, path, body=body or None, headers=dict(headers))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()
