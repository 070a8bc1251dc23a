"""A member's browser, as far as measuring needs one: cookies, the CSRF token, and signing in by the form."""

from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from typing import Self
from urllib.parse import urlencode

from tests.members import PASSWORD

CHUNK = 1 << 16


class Visitor:
    """Somebody with one connection, kept open as long as the server agrees (gunicorn's sync workers do not)."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}

    def sign_in(self, username: str) -> Self:
        """Sign in with the form, as `tests.members.make_member` made the member."""
        self.get("/accounts/login/")
        status = self.post("/accounts/login/", login=username, password=PASSWORD)
        if status != 302:
            raise RuntimeError(f"Signing in as {username} was answered with {status}.")
        return self

    def move_to(self, port: int) -> Self:
        """Go on with another server of the same site, still signed in."""
        self._connection.close()
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        return self

    def get(self, path: str) -> int:
        """Fetch a page or a file whole, keeping nothing; return the status."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, **fields: str) -> int:
        """Send a form; return the status."""
        fields["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        return self._ask("POST", path, urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})

    @property
    def cookie_header(self) -> str:
        """Return the cookies as a header's value."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> int:
        self._connection.request(method, path, body, headers | {"Cookie": self.cookie_header})
        with self._connection.getresponse() as response:
            self._keep_cookies(response)
            while response.read(CHUNK):
                pass
            return response.status

    def _keep_cookies(self, response: HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
