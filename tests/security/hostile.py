"""Hostile requests: every URL of the site with unexpected values, generated from a seed."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

NOBODY = b"00000000-0000-0000-0000-000000000000"
VALUES: list[bytes] = [
    *(b"", b"0", b"1", b"-1", b"1.5", b"1e400", b"nan", b"9" * 19, b"9" * 20, b"9" * 5000, b"-9223372036854775809"),
    *("٣".encode(), b"0x10", b"1_000", b"true", b"null", b"None", NOBODY, b"{" + NOBODY + b"}"),
    *(
        b"\0",
        b"a\0b",
        b"\0" * 32,
        b"\xff\xfe",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"caf\xe9",
        b"\r\nX-Evil: 1",
        b"\n",
        b"\t",
    ),
    *("\u202eevil\u202c".encode(), "😀".encode() * 300, b"x" * 10_000, "é".encode() * 200, b" ", b".", b".."),
    *(
        b"../../etc/passwd",
        b"//evil.example/",
        b"https://evil.example/",
        b"javascript:alert(1)",
        b"http://[",
        b"\\\\evil",
    ),
    *(
        b"<script>alert(1)</script>",
        b"' OR 1=1 --",
        b"%",
        b"%s%n%d",
        b"{0.__class__}",
        b"{{7*7}}",
        b"(",
        b"[",
        b"*",
        b"?+",
    ),
    *(
        b"{}",
        b"[]",
        b'{"a": [1, {"b": null}]}',
        b"2026-13-45",
        b"9999-12-31T23:59:59Z",
        b"0000-00-00",
        b"1e9,2",
        b"a,b",
    ),
    *(
        b"9999999999999-1",
        b"-1-1",
        b"99999999999999999-99999999999999999999",
        b"_5F",
        b"__",
        b"on",
        b"posts",
        b"archive",
    ),
]
# `_to_field` is in `tests.security.test_staff_lists`.
NAMES = [
    *("before", "after", "since", "next", "page", "q", "kind", "body", "username", "about_me", "login", "password"),
    *("email", "password1", "password2", "oldpassword", "action", "action_add", "action_primary", "action_remove"),
    *("p", "o", "e", "all", "_popup", "_changelist_filters", "_facets", "select_across", "index"),
    *("_selected_action", "post", "_save", "app_label", "model_name", "field_name", "term", "job_ids", "desc", "token"),
    *(
        "usable_password",
        "timestamp_0",
        "timestamp_1",
        "follower",
        "followed",
        "user",
        "remember",
        "csrfmiddlewaretoken",
    ),
]
LOOKUPS = [
    "",
    "__exact",
    "__iexact",
    "__in",
    "__gt",
    "__range",
    "__regex",
    "__year",
    "__date",
    "__isnull",
    "__week_day",
]
ACTIONS = [
    b"delete_selected",
    b"cancel",
    b"retry",
    b"fail",
    b"mail_again",
    b"make_verified",
    b"delete",
    b"requeue",
    b"stop",
]
HEADERS: dict[str, list[str]] = {
    "Range": [
        "bytes=-",
        "bytes=0-,5-",
        "bytes=9-1",
        "bytes=" + "9" * 5000 + "-",
        "lines=1",
        "bytes=\u0663-",
        "bytes=0-0",
    ],
    "If-None-Match": ['"', "W/", "*", '"a", W/"b', "x" * 9000, ",,,"],
    "If-Match": ['"', "*", "W/*"],
    "If-Range": ['"', "Mon, 99 Foo 2026", "*"],
    "If-Modified-Since": ["Mon, 31 Feb 2026 25:61:61 GMT", "0", "Sun, 01 Jan 99999 00:00:00 GMT", "-1"],
    "If-Unmodified-Since": ["never", "Mon, 01 Jan 0000 00:00:00 GMT"],
    "Accept-Language": ["*", "x" * 9000, "es;q=9", ",;q=", "../../en", "zz-ZZ-\u202e", "es-\0", "en;q=1e400"],
    "Accept-Encoding": ["gzip;q=x", "*;q=0", "br" * 5000],
    "Accept": ["application/json", "*/*;q=a", "/"],
    "Referer": ["http://[", "//", "https://evil.example/\u202e", "\0"],
    "Origin": ["null", "http://[", "https://evil.example"],
    "Host": ["evil.example", "testserver:99999999", "[", "testserver@evil.example", "", "testserver\0", "a" * 300],
    "X-Forwarded-For": ["nonsense", "1.2.3.4, ::::", "9" * 5000, ","],
    "X-Forwarded-Proto": ["https", "gopher"],
    "X-Forwarded-Host": ["evil.example"],
    "X-Requested-With": ["XMLHttpRequest"],
    "X-HTTP-Method-Override": ["DELETE"],
    "X-Live-Refresh": ["1", ""],
    "X-CSRFToken": ["", "\0", "x" * 64, "é"],
    "User-Agent": ["", "x" * 9000, "\r\nX-Evil: 1"],
    "Authorization": ["Bearer", "Basic !!!", "Bearer \0", "Basic " + "x" * 5000],
    "Cookie": [
        r'sessionid="\000\000\000\000\000\000\000\000"',
        "sessionid=" + "x" * 5000,
        "sessionid=\u0663" * 9,
        r'csrftoken="\000"; django_language=../../x; messages=x',
        "=;;;=",
        'messages="a:b:c"; django_language=' + "e" * 999,
    ],
}
CONTENT_TYPES = [
    *("application/json", "text/plain", "application/x-www-form-urlencoded; charset=utf-16", "", "multipart/form-data"),
    *("application/x-www-form-urlencoded; charset=nonsense", "multipart/form-data; boundary=", "multipart/mixed"),
    *("multipart/form-data; boundary=x", "multipart/form-data; boundary=" + "x" * 300, "x" * 5000, "a/b; c=\u0663"),
]
BODIES = [
    *(
        b"",
        b"{",
        b"[1]",
        b"\0",
        b"\xff" * 100,
        b"--x",
        b"--x\r\n\r\n--x--",
        b"&" * 900,
        b"a=1&" * 1100,
        b"%zz=%",
        b"=" * 50,
    ),
    b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n\xff\0\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="body"; filename="../x\0"\r\nContent-Type: \xff\r\n\r\nz\r\n--x--',
    b"--x\r\nContent-Disposition: form-data\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="body"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--',
    b'{"body": [1, {"a": null}], "kind": {}}',
]
METHODS = ["GET"] * 10 + ["POST"] * 8 + ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "x", ""]
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)\??")


@dataclass(frozen=True)
class HostileRequest:
    """One request, as it goes over the wire."""

    method: str
    address: str
    body: bytes = b""
    content_type: str = "application/x-www-form-urlencoded"
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: Client) -> Any:
        """Send it, and return the answer."""
        wired = {name: value.encode().decode("latin-1") for name, value in self.headers.items()}  # as WSGI has them
        return client.generic(self.method, self.address, self.body, self.content_type, headers=wired)


def routes(patterns: Iterable[Any] | None = None, prefix: str = "/") -> Iterator[str]:
    """Return every route of the site, with `<name>` where a value stands."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern).strip("^$?").replace("/?", "/").removesuffix("\\Z")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield PARAMETER.sub(lambda match: f"<{match[1] or match[2]}>", route)


def field_names() -> list[str]:
    """Return the names of all columns, by which lists in the administration can be searched."""
    return sorted({column.name for model in apps.get_models() for column in model._meta.concrete_fields})


class Attacker:
    """Makes requests, the same ones for the same seed."""

    def __init__(self, seed: str, real: dict[str, list[bytes]]) -> None:
        self.random = Random(seed)
        self.real = real
        self.names = [*NAMES, *field_names()]

    def request(self, route: str) -> HostileRequest:
        """Return a request to an address of this route."""
        address = re.sub("<([a-z0-9_]+)>", lambda match: self.segment(match[1]), route)
        if self.random.random() < 0.7:
            address += "?" + self.pairs()
        method = self.random.choice(METHODS)
        headers = self.headers()
        if method in {"GET", "HEAD"}:
            return HostileRequest(method, address, headers=headers)
        if self.random.random() < 0.6:
            return HostileRequest(method, address, self.pairs().encode(), headers=headers)
        body, content_type = self.random.choice(BODIES), self.random.choice(CONTENT_TYPES)
        return HostileRequest(method, address, body, content_type, headers)

    def segment(self, name: str) -> str:
        """Return a part of a path: as often as not one that leads somewhere."""
        real = self.real.get(name, [])
        return quoted(self.random.choice(real) if real and self.random.random() < 0.6 else self.random.choice(VALUES))

    def pairs(self) -> str:
        """Return parameters, encoded, some of them more than once."""
        return "&".join(self.pair() for _ in range(self.random.randint(1, 4)))

    def pair(self) -> str:
        name = self.random.choice(self.names)
        if self.random.random() < 0.3:
            name += self.random.choice(LOOKUPS)
        value = self.random.choice(ACTIONS if name == "action" else VALUES)
        if self.random.random() < 0.1:
            value = json.dumps({name: [value.decode("latin-1")]}).encode()
        return f"{quoted(name.encode())}={quoted(value)}"

    def headers(self) -> dict[str, str]:
        """Return none to three headers."""
        names = self.random.sample(sorted(HEADERS), self.random.choice([0, 0, 1, 1, 2, 3]))
        return {name: self.random.choice(HEADERS[name]) for name in names}


def quoted(value: bytes) -> str:
    """Return the bytes as they stand in an address."""
    return quote_from_bytes(value, safe="")
