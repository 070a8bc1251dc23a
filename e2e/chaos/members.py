"""Members who export, poll and download over HTTP, as their browsers would."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.client import HTTPException
from http.cookiejar import CookieJar
from random import Random
from threading import Event, Lock, Thread
from typing import Any, BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import BaseHandler, HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener
from urllib.response import addinfourl

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.members import PASSWORD

KINDS = {"posts": "export_posts", "archive": "export_archive"}
TIMEOUT = 60  # seconds
FORM = "application/x-www-form-urlencoded"
ACTIVE = {"queued", "running"}


class OnlyElsewhere(HTTPRedirectHandler):
    """Hands out a redirect as it is, unless it leads to another host, such as that of the archives."""

    def redirect_request(self, req: Request, *details: Any, **named: Any) -> Request | None:
        """Follow it there; the last of the details is the new address."""
        if urlsplit(details[-1]).netloc == req.host:
            return None
        return super().redirect_request(req, *details, **named)


class Member(Thread):
    """Exports again and again until `start_no_more`, polls until `leave`."""

    def __init__(
        self, username: str, url: str, *, pause: float, seed: int, handlers: Iterable[BaseHandler] = ()
    ) -> None:
        """Open a browser; `handlers` are what it has besides urllib's own."""
        super().__init__(name=username, daemon=True)
        self.username = username
        self.eagerness = 0.5  # how probable another export of each kind is in a turn
        self._is_eager = True
        self._turn = Lock()
        self.news: dict[str, dict[str, Any]] = {}  # by task: the latest word
        self.downloads: dict[str, str] = {}  # by task: the SHA-256 of what was downloaded
        self.problems: list[str] = []  # what must never happen
        self.troubles: Counter[str] = Counter()  # what the site answered that was no answer
        self._url = url
        self._pause = pause
        self._random = Random(f"{seed} {username}")
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies), OnlyElsewhere, *handlers)
        self._cursor = 0.0
        self._is_leaving = Event()

    def run(self) -> None:
        """Poll, and export, and try again after whatever happens."""
        while not self._is_leaving.wait(self._pause):
            with self._turn:
                self.turn()

    def turn(self) -> None:
        """Do what a member does between two pauses."""
        self.poll()
        for task_id, data in list(self.news.items()):
            if data["status"] == "succeeded" and task_id not in self.downloads:
                self.download(task_id)
        for kind in KINDS:
            if self._is_eager and not self.active(kind) and self._random.random() < self.eagerness:
                self.start_export(kind)

    def start_no_more(self) -> None:
        """Start no export any more; what is just being started is started when this returns."""
        self._is_eager = False
        with self._turn:
            pass

    def leave(self) -> None:
        """Close the browser."""
        self._is_leaving.set()
        self.join()

    def sign_in(self) -> None:
        """Sign in by the form."""
        self.ask("accounts/login/")
        status, _body = self.ask("accounts/login/", login=self.username, password=PASSWORD)
        assert status == HTTPStatus.FOUND, f"Signing in as {self.username} was answered with {status}"

    def start_export(self, kind: str) -> None:
        """Start an export."""
        self.ask("exports/", kind=kind)

    def poll(self) -> None:
        """Fetch what is new."""
        status, body = self.ask(f"notifications/?since={self._cursor!r}")
        for item in json.loads(body) if status == HTTPStatus.OK else []:
            self._cursor = item["timestamp"]
            if item["name"] == "task_progress":
                self.news[item["data"]["task_id"]] = item["data"]

    def download(self, task_id: str) -> int:
        """Download an archive; return the status."""
        return self._downloaded(task_id, *self.ask(f"exports/{task_id}/download/"))

    def _downloaded(self, task_id: str, status: int, body: bytes) -> int:
        if status == HTTPStatus.OK:
            self.downloads[task_id] = hashlib.sha256(body).hexdigest()
        elif status == HTTPStatus.NOT_FOUND:  # newer scheduled exports have replaced it
            self.news.pop(task_id, None)
        return status

    def active(self, kind: str) -> list[str]:
        """Return the tasks of that kind that are not over, as far as the member was told."""
        items = list(self.news.items())
        return [task_id for task_id, data in items if data["name"] == KINDS[kind] and data["status"] in ACTIVE]

    def is_told_that_nobody_works(self, task_id: str) -> bool:
        """Return whether the member's alert says that no worker is there."""
        return bool(self.news.get(task_id, {}).get("is_stalled"))

    def ask(self, path: str, **fields: str) -> tuple[int, bytes]:
        """Fetch a page, or send a form; return status and body: 0 and nothing when there was no answer."""
        return self._send(path, urlencode(self._with_token(fields)).encode() if fields else None)

    def upload(self, path: str, file: BinaryIO) -> tuple[int, bytes]:
        """Send a form with a file, as `ask` does."""
        return self._send(path, encode_multipart(BOUNDARY, self._with_token({"file": file})), MULTIPART_CONTENT)

    def _with_token(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        tokens = (cookie.value for cookie in self._cookies if cookie.name == "csrftoken")
        return {**fields, "csrfmiddlewaretoken": next(tokens)}

    def _send(self, path: str, data: bytes | None, content_type: str = FORM, **headers: str) -> tuple[int, bytes]:
        if data is not None:
            headers["Content-Type"] = content_type
        request = Request(f"{self._url}/{path}", data, headers)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return self._read(path, answer)
        except HTTPError as answer:
            if answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self.troubles[f"{answer.code} from {path.split('?', maxsplit=1)[0].split('/', maxsplit=1)[0]}/"] += 1
            return self._read(path, answer)
        except (OSError, HTTPException) as error:
            self.troubles[type(error).__name__] += 1
            return 0, b""

    def _read(self, _path: str, answer: addinfourl) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        return answer.status or 0, answer.read()
