"""A real nginx in front of a real gunicorn: downloads, limits, and what is said when the site is away."""

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from core.maintenance import switch
from exports.models import Archive
from imports.models import imports_storage
from tests.api.conftest import token_of
from tests.deploy.nginx import Answer, Nginx
from tests.exports.archives import archive_of
from tests.members import PASSWORD, signed_in_client
from tests.waiting import LIMIT, wait_until

pytestmark = pytest.mark.processes

CONTENT = bytes(range(256)) * 4000  # a megabyte
KEPT_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-security-policy",
    "content-type",
    "cross-origin-resource-policy",
    "etag",
    "permissions-policy",
    "referrer-policy",
    "repr-digest",
    "strict-transport-security",
    "vary",
    "x-content-type-options",
    "x-frame-options",
)


@pytest.fixture
def archive(transactional_db: None, member: User) -> Archive:
    return archive_of(member, CONTENT)


def cookie_of(user: User) -> str:
    """Return the Cookie header of somebody who has just typed their password."""
    return f"__Host-sessionid={signed_in_client(user).session.session_key}"


def download(nginx: Nginx, archive: Archive, method: str = "GET", **headers: str) -> Answer:
    """Ask for the file as its owner; underscores in the headers' names stand for hyphens."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return nginx.ask(method, f"/exports/{archive.task_id}/download/", {"Cookie": cookie_of(archive.user), **names})


def downloads(archive: Archive) -> int:
    return Archive.objects.get(pk=archive.pk).download_count


# --- Downloads ------------------------------------------------------------------------------------------


def test_nginx_sends_the_whole_file_with_its_headers(nginx: Nginx, archive: Archive) -> None:
    answer, head = download(nginx, archive), download(nginx, archive, "HEAD")
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["etag"] == f'"{archive.sha256}"'
    assert "last-modified" in answer.headers  # only nginx says so: it was nginx that sent the file
    assert {name: answer.headers.get(name) for name in KEPT_HEADERS} == {
        name: head.headers[name] for name in KEPT_HEADERS
    }
    assert "x-accel-redirect" not in answer.headers
    assert downloads(archive) == 1


def test_head_returns_the_length_and_is_not_counted(nginx: Nginx, archive: Archive) -> None:
    answer = download(nginx, archive, "HEAD")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(len(CONTENT)))
    assert downloads(archive) == 0


def test_an_interrupted_download_resumes_and_counts_once(nginx: Nginx, archive: Archive) -> None:
    etag = f'"{archive.sha256}"'
    begun = download(nginx, archive, Range="bytes=0-99999")
    rest = download(nginx, archive, Range="bytes=100000-", If_Range=etag)
    assert (begun.status, rest.status) == (206, 206)
    assert begun.body + rest.body == CONTENT
    assert rest.headers["content-range"] == f"bytes 100000-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert rest.headers["etag"] == etag
    assert rest.headers["content-disposition"] == 'attachment; filename="posts.json"'
    assert downloads(archive) == 1


@pytest.mark.parametrize(
    "headers",
    [{"Range": "bytes=5-", "If_Range": '"another"'}, {"Range": "bytes=0-1,5-6"}, {"If_Match": '"{sha256}"'}],
)
def test_a_client_that_cannot_use_ranges_gets_the_whole_file(
    nginx: Nginx, archive: Archive, headers: dict[str, str]
) -> None:
    answer = download(nginx, archive, **{name: value.format(sha256=archive.sha256) for name, value in headers.items()})
    assert (answer.status, answer.body) == (200, CONTENT)


def test_a_client_with_a_current_copy_or_a_bad_range_gets_no_body(nginx: Nginx, archive: Archive) -> None:
    unchanged = download(nginx, archive, If_None_Match=f'"{archive.sha256}"')
    beyond = download(nginx, archive, Range=f"bytes={len(CONTENT)}-")
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    assert downloads(archive) == 0


def test_strangers_and_anonymous_visitors_get_no_file(nginx: Nginx, archive: Archive, stranger: User) -> None:
    assert download(nginx, archive, Cookie=cookie_of(stranger)).status == 404
    visitor = download(nginx, archive, Cookie="")
    assert (visitor.status, visitor.headers["location"]) == (
        302,
        f"/accounts/login/?next=/exports/{archive.task_id}/download/",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/_exports/{name}",
        "//_exports/{name}",
        "/%5Fexports/{name}",
        "/exports/../_exports/{name}",
        "/_exports/../exports/{name}",
        "/_exports/../../../../../../etc/passwd",
        "/_exports/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/_exports/..%2f..%2f..%2fetc%2fpasswd",
        "/_exports../db.sqlite3",
        "/_pages/../../microblog.conf",
        "/_pages../microblog.conf",
        "/_pages/away.html",
    ],
)
def test_the_files_have_no_public_url(nginx: Nginx, archive: Archive, path: str) -> None:
    answer = nginx.ask("GET", path.format(name=archive.file.name), {"Cookie": cookie_of(archive.user)})
    assert answer.status in {400, 404}
    assert CONTENT[:100] not in answer.body
    assert b"root:" not in answer.body


def test_a_visitors_acceleration_header_is_ignored(nginx: Nginx, archive: Archive) -> None:
    told = {"X-Accel-Redirect": f"/_exports/{archive.file.name}", "X-Sendfile": "/etc/passwd"}
    answer = nginx.ask("GET", "/accounts/login/", told)
    assert answer.status == 200
    assert b"<form" in answer.body


def test_a_symbolic_link_among_the_archives_is_not_followed(nginx: Nginx, archive: Archive, tmp_path: Path) -> None:
    elsewhere = tmp_path / "secret"
    elsewhere.write_bytes(b"secret")
    path = Path(archive.file.path)
    path.unlink()
    path.symlink_to(elsewhere)
    answer = download(nginx, archive)
    assert answer.status == 403
    assert b"secret" not in answer.body


# --- TLS, addresses, limits -----------------------------------------------------------------------------


def test_plain_http_redirects_to_https_and_other_hosts_get_nothing(nginx: Nginx) -> None:
    answer = nginx.ask_plainly("/explore/?page=2")
    assert (answer.status, answer.headers["location"]) == (301, "https://localhost/explore/?page=2")
    with pytest.raises(ConnectionError):
        nginx.ask_plainly("/", host="other.example")


def test_an_old_tls_is_refused(nginx: Nginx) -> None:
    with pytest.raises(ssl.SSLError):
        nginx.ask_with(ssl.TLSVersion.TLSv1_1)


def test_the_site_knows_that_it_is_served_over_tls(nginx: Nginx, transactional_db: None) -> None:
    answer = nginx.ask("GET", "/accounts/login/")
    assert answer.status == 200  # and no redirect to HTTPS
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "; Secure" in answer.headers["set-cookie"]


def form_of(nginx: Nginx) -> tuple[dict[str, str], str]:
    """Return the headers with which a browser sends the form of the sign-in page, and the form's token."""
    page = nginx.ask("GET", "/accounts/login/")
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.body.decode())
    assert found
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": page.headers["set-cookie"].partition(";")[0],
        "Origin": "https://localhost",
    }
    return headers, found[1]


def sign_in(nginx: Nginx, name: str, said_address: str) -> Answer:
    headers, token = form_of(nginx)
    form = {"csrfmiddlewaretoken": token, "login": name, "password": f"not {PASSWORD}"}
    headers["X-Forwarded-For"] = said_address
    return nginx.ask("POST", "/accounts/login/", headers, urlencode(form).encode())


def test_forged_client_addresses_do_not_evade_the_limits(nginx: Nginx, transactional_db: None) -> None:
    answers = [sign_in(nginx, f"name{number}", f"10.9.9.{number}") for number in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert b"_pages" not in answers[-1].body  # the site's own word, not nginx's


def test_nginx_limits_a_flood_of_requests(lonely_nginx: Nginx) -> None:
    answers = [lonely_nginx.ask("POST", "/accounts/login/") for _ in range(40)]
    assert [answer.status for answer in answers[:31]] == [503] * 31  # what was let through, to nobody
    assert answers[-1].status == 429
    kept = next(answer for answer in answers if answer.status == 429)
    assert b"Too many tries" in kept.body
    assert b"Demasiados intentos" in kept.body
    assert kept.headers["retry-after"] == "30"


def test_oversized_requests_are_refused_by_the_site_or_by_nginx(nginx: Nginx, transactional_db: None) -> None:
    headers, _token = form_of(nginx)
    bodies = [b"body=" + b"x" * size for size in (300_000, 900_000)]
    a_little, far = (nginx.ask("POST", "/accounts/login/", headers, body) for body in bodies)
    assert a_little.status == 413
    assert b'class="site-header"' in a_little.body
    assert far.status == 413
    assert b"Too large" in far.body


# --- Uploads --------------------------------------------------------------------------------------------


def upload_of(nginx: Nginx, member: User | None, size: int) -> tuple[dict[str, str], bytes]:
    """Return headers and body with which a browser sends a file of so many bytes."""
    headers, token = form_of(nginx)
    form = f'--x\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
    form += '--x\r\nContent-Disposition: form-data; name="file"; filename="archive.zip"\r\n\r\n'
    headers["Content-Type"] = "multipart/form-data; boundary=x"
    if member:
        headers["Cookie"] += f"; {cookie_of(member)}"
    return headers, form.encode() + b"x" * size + b"\r\n--x--\r\n"


def test_a_members_archive_passes_nginx(nginx: Nginx, transactional_db: None, member: User) -> None:
    answer = nginx.ask("POST", "/imports/", *upload_of(nginx, member, 5_000_000))
    upload = member.imports.get()
    assert (answer.status, answer.headers["location"]) == (302, f"/imports/{upload.pk}/")
    assert upload.size == 5_000_000
    imports_storage().delete(str(upload.file.name))


def test_a_visitors_archive_leads_to_sign_in(nginx: Nginx, transactional_db: None) -> None:
    answer = nginx.ask("POST", "/imports/", *upload_of(nginx, None, 5_000_000))
    assert (answer.status, answer.headers["location"]) == (302, "/accounts/login/?next=/imports/")


def test_an_archive_over_the_limit_is_refused_before_it_is_sent(nginx: Nginx) -> None:
    with begun_upload(nginx, {}, length=1_100_000_000) as connection:
        response = connection.getresponse()
        assert response.status == 413
        assert b"Too large" in response.read()


def bearer(user: User) -> dict[str, str]:
    """Return the header with a new token of the member's."""
    return {"Authorization": f"Bearer {token_of(user)}"}


def test_an_archive_passes_to_the_api(nginx: Nginx, transactional_db: None, member: User) -> None:
    headers, body = upload_of(nginx, None, 5_000_000)
    answer = nginx.ask("POST", "/api/v1/imports", headers | bearer(member), body)
    upload = member.imports.get()
    assert (answer.status, upload.size) == (201, 5_000_000)
    imports_storage().delete(str(upload.file.name))


def test_without_a_token_none_does(nginx: Nginx, transactional_db: None) -> None:
    answer = nginx.ask("POST", "/api/v1/imports", *upload_of(nginx, None, 5_000_000))
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")


def test_a_file_is_sent_to_a_program_by_nginx(nginx: Nginx, archive: Archive) -> None:
    path = f"/api/v1/exports/{archive.task_id}/file"
    answer = nginx.ask("GET", path, bearer(archive.user) | {"Range": "bytes=5-9"})
    assert (answer.status, answer.body) == (206, CONTENT[5:10])
    assert "last-modified" in answer.headers
    assert answer.headers["ratelimit"].startswith('"api";r=299;')
    assert answer.headers["ratelimit-policy"] == '"api";q=300;w=600'


@pytest.mark.parametrize(("path", "size"), [("/api/v1/exports", 900_000), ("/api/v1/imports", 1_100_000_000)])
def test_nginx_refuses_programs_in_json(nginx: Nginx, path: str, size: int) -> None:
    answer = nginx.ask("POST", path, {"Content-Length": str(size), "Expect": "100-continue"})
    assert_problem(answer, 413)


def test_an_unavailable_site_answers_programs_in_json(lonely_nginx: Nginx) -> None:
    answer = lonely_nginx.ask("GET", "/api/v1/exports")
    assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "30"


def assert_problem(answer: Answer, status: int) -> None:
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(answer.body)["status"] == status


def test_slow_uploads_take_no_thread_of_the_site_and_are_four_at_once(
    nginx: Nginx, transactional_db: None, member: User
) -> None:
    headers, body = upload_of(nginx, member, 3_000_000)
    with ExitStack() as connections:
        for _ in range(4):
            connections.enter_context(begun_upload(nginx, headers, body[:2_000_000], length=len(body)))
        fifth = connections.enter_context(begun_upload(nginx, headers, length=len(body)))
        assert fifth.getresponse().status == 429
        assert nginx.ask("GET", "/imports/", headers).status == 200
        assert '"POST /imports/" 408 ' not in (nginx.folder / "microblog.log").read_text()  # they still go on


@contextmanager
def begun_upload(
    nginx: Nginx, headers: dict[str, str], begun: bytes = b"", *, length: int
) -> Iterator[HTTPSConnection]:
    """Send the beginning of a body of `length` bytes."""
    connection = nginx.connection()
    with closing(connection):
        connection.putrequest("POST", "/imports/")
        for name, value in {**headers, "Content-Length": str(length)}.items():
            connection.putheader(name, value)
        connection.endheaders(begun)
        yield connection


SEND = """form => {
  const field = document.createElement("textarea");
  field.hidden = true;
  field.name = "much";
  field.value = "x".repeat(30_000_000);
  form.append(field);
  form.submit();
}"""


@pytest.mark.browser
def test_a_browser_shows_the_error_page_for_an_oversized_form(
    nginx: Nginx, transactional_db: None, browser: Browser
) -> None:
    page = browser.new_page(ignore_https_errors=True)
    page.goto(f"{nginx.url}/accounts/login/")
    page.locator("main form").first.evaluate(SEND)
    expect(page.get_by_role("heading", name="Too large")).to_be_visible(timeout=LIMIT * 1000)
    page.close()


# --- When the site is away ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_page_for_an_unavailable_site_speaks_both_languages(lonely_nginx: Nginx, method: str) -> None:
    answer = lonely_nginx.ask(method, "/explore/")
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert answer.headers["cache-control"] == "no-store"
    assert b"Back soon" in answer.body
    assert b"Volvemos enseguida" in answer.body


def test_nginxs_error_pages_are_styled(lonely_nginx: Nginx) -> None:
    answer = lonely_nginx.ask("GET", "/_pages/page.css")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css")


def test_the_maintenance_page_passes_through_nginx_unchanged(nginx: Nginx, transactional_db: None) -> None:
    switch().touch()
    try:
        answer = nginx.ask("GET", "/explore/")
    finally:
        switch().unlink()
    assert (answer.status, answer.headers["retry-after"]) == (503, "120")
    assert b"under maintenance" in answer.body


def test_the_log_contains_no_keys_or_queries(nginx: Nginx) -> None:
    keys = ["/accounts/confirm-email/MTI:secret:key/", "/accounts/confirm-email/MTI:secret:key"]
    keys += ["/accounts/password/reset/key/1-secret-key/", "/search/?q=secret", "/api/v1/mbt_secret"]
    for address in keys:
        nginx.ask("GET", address)
        nginx.ask("GET", "/explore/", {"Referer": f"{nginx.url}{address}"})
    log = nginx.folder / "microblog.log"
    wait_until(lambda: len(log.read_text().splitlines()) >= 2 * len(keys), what="The lines")
    assert "secret" not in log.read_text()
    assert "GET /accounts/password/reset/key/[key]" in log.read_text()
