"""Members whose programs export by a token, as docs/api.md shows, while their browser polls for alerts."""

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.response import addinfourl

from accounts.models import User
from api.models import Scope
from api.tokens import token_create
from core.requests.problems import CONTENT_TYPE as PROBLEM
from e2e.chaos.members import ACTIVE, KINDS, Member

API = "api/v1/exports"
JSON = "application/json"
SCOPES = (Scope.EXPORTS_READ, Scope.EXPORTS_WRITE, Scope.EXPORTS_DOWNLOAD)
REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
CANCEL, RETRY = 0.01, 0.02
"""How probable each is in a turn in which it is possible."""


class ApiClient(Member):
    """Starts, follows, cancels, retries, downloads and verifies exports by the API."""

    def sign_in(self) -> None:
        """Sign in by the form, and make a token."""
        super().sign_in()
        user = User.objects.get(username=self.username)
        _token, self._secret = token_create(user=user, name="chaos", scopes=SCOPES, lifetime=timedelta(days=1))

    def turn(self) -> None:
        """Do what a program does between two pauses."""
        self.poll()
        listed = self.call(API)
        if not listed:
            return
        for export in listed["items"]:
            self._go_on(export)
        busy = {export["kind"] for export in listed["items"] if export["status"] in ACTIVE}
        for kind in KINDS:
            if kind not in busy and self._happens(self.eagerness):
                self.start_export(kind)

    def start_export(self, kind: str) -> None:
        """Start an export."""
        self.call(API, json.dumps({"kind": kind}).encode())

    def download(self, task_id: str) -> int:
        """Download an archive; return the status."""
        return self._downloaded(task_id, *self._send_token(f"{API}/{task_id}/file"))

    def call(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        """Call an operation, by POST if there is a body; return its answer, which is empty unless it succeeded."""
        status, answer = self._send_token(path, body)
        return dict(json.loads(answer)) if status in {HTTPStatus.OK, HTTPStatus.CREATED} else {}

    def _go_on(self, export: dict[str, Any]) -> None:
        """Download what is finished, follow or cancel what isn't, retry what failed."""
        path = f"{API}/{export['id']}"
        if export["file"] and export["id"] not in self.downloads:
            status, digest = self.download(export["id"]), export["file"]["sha256"]
            if status == HTTPStatus.OK and self.downloads[export["id"]] != digest:
                self.problems.append(f"{self.username}: the file of {path} is not the one whose SHA-256 it names")
        elif export["status"] in ACTIVE:
            self.call(f"{path}/cancel", b"") if self._happens(CANCEL) else self.call(path)
        elif export["status"] != "succeeded" and self._happens(RETRY):
            self.call(f"{path}/retry", b"")

    def _happens(self, probability: float) -> bool:
        return self._is_eager and self._random.random() < probability

    def _send_token(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        return self._send(path, body, JSON, Authorization=f"Bearer {self._secret}")

    def _read(self, path: str, answer: addinfourl) -> tuple[int, bytes]:
        """Return the status and the body of an answer, and note one that the API must never give."""
        status, body = super()._read(path, answer)
        if path.startswith(API) and not is_proper(status, answer.headers.get_content_type(), body, path):
            self.problems.append(f"{self.username}: /{path} was answered {status}, {body[:200]!r}")
        return status, body


def is_proper(status: int, content_type: str, body: bytes, path: str) -> bool:
    """Return whether a usable token may be answered so: a file, JSON, or problem details of the same status."""
    if status in REFUSALS:
        return False
    if status < HTTPStatus.BAD_REQUEST and path.endswith("/file"):
        return True
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    if status < HTTPStatus.BAD_REQUEST:
        return content_type == JSON
    return content_type == PROBLEM and answer.get("status") == status and "code" in answer
