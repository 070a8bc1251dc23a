"""The look-up of known vulnerabilities: what it finds fails, and what it could not do is said."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.mail_server import free_port
from tools import audit_packages

pytestmark = pytest.mark.processes

Packages = list[tuple[str, str]]


class Database(BaseHTTPRequestHandler):
    """Answers as OSV does: an object for each query, in their order."""

    vulnerable: Packages = []
    broken = b""

    def do_POST(self) -> None:
        queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        assert {query["package"]["ecosystem"] for query in queries} == {"PyPI"}
        results: list[dict[str, Any]] = [
            {"vulns": [{"id": "GHSA-1"}]} if (query["package"]["name"], query["version"]) in self.vulnerable else {}
            for query in queries
        ]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.broken or json.dumps({"results": results}).encode())

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Database]]:
    """Return a database; it is asked unless the test says otherwise."""
    server = HTTPServer(("127.0.0.1", 0), Database)
    thread = Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr("sys.argv", ["audit_packages", "--database", f"http://127.0.0.1:{server.server_port}/"])
    yield Database
    Database.vulnerable, Database.broken = [], b""
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    return lambda: capsys.readouterr().out


def test_a_sound_set_of_packages_passes(database: type[Database], said: Callable[[], str]) -> None:
    assert audit_packages.main() == 0
    assert "0 known vulnerabilities" in said()


def test_a_vulnerable_package_fails_and_is_named(database: type[Database], said: Callable[[], str]) -> None:
    package = next(pair for pair in audit_packages.locked([audit_packages.BASE_DIR / "requirements.txt"]))
    database.vulnerable = [package]
    assert audit_packages.main() == 1
    assert f"{package[0]} {package[1]}: https://osv.dev/vulnerability/GHSA-1" in said()


def test_an_accepted_vulnerability_passes(database: type[Database], monkeypatch: pytest.MonkeyPatch) -> None:
    database.vulnerable = audit_packages.locked([audit_packages.BASE_DIR / "requirements.txt"])
    monkeypatch.setitem(audit_packages.ACCEPTED, "GHSA-1", "a test's")
    assert audit_packages.main() == 0


@pytest.mark.parametrize("broken", [b"<html>Sign in to this network</html>", b'{"results": []}', b'{"code": 3}', b"[]"])
def test_an_unusable_response_is_reported(database: type[Database], said: Callable[[], str], broken: bytes) -> None:
    database.broken = broken
    assert audit_packages.main() == 0
    assert said().startswith("NOT CHECKED")


def test_an_unreachable_database_is_reported(monkeypatch: pytest.MonkeyPatch, said: Callable[[], str]) -> None:
    monkeypatch.setattr("sys.argv", ["audit_packages", "--database", f"http://127.0.0.1:{free_port()}/"])
    assert audit_packages.main() == 0
    assert said().startswith("NOT CHECKED")


def test_each_pinned_package_is_looked_up_once(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1 \\\n    --hash=sha256:0\nb-c[x,y]==2.0 ; python_version < '3.12' \\\n    # via a==9\nd>=1\n")
    assert audit_packages.locked([lock, lock]) == [("a", "1"), ("b-c", "2.0")]
