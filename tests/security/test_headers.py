"""Every response's headers and cookies, with production settings."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import User
from development.embedded_server import BASE_DIR
from tests.exports.archives import archive_of
from tests.members import PASSWORD, make_member, signed_in_client
from tests.security.headers import missing_headers
from tests.security.hostile import routes

PAGES = ["/", "/explore/", "/user/susan/", "/exports/", "/accounts/login/", "/accounts/signup/"]
PAGES += ["/accounts/password/reset/", "/accounts/profile/", "/admin/", "/admin/tasks/task/", "/healthz"]
PAGES += ["/accounts/tokens/", "/api/v1/docs"]
ERRORS = {"/nowhere/": 404, "/?before=x": 400, "/exports/?kind=": 200, "/broken/": 500}


@pytest.mark.parametrize("who", ["signed out", "a member", "staff"])
def test_every_page_has_all_its_headers(member: User, staff: User, who: str) -> None:
    client = {"signed out": Client(), "a member": signed_in_client(member), "staff": signed_in_client(staff)}[who]
    for address in PAGES:
        response = client.get(address)
        assert not missing_headers(response), address
        policy = response["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, address
        assert "unsafe" not in policy, address


@pytest.mark.urls("tests.security.broken_urls")
@pytest.mark.parametrize(("address", "status"), ERRORS.items())
def test_every_error_page_has_all_its_headers(member: User, address: str, status: int) -> None:
    client = signed_in_client(member)
    client.raise_request_exception = False
    response = client.get(address)
    assert response.status_code == status
    assert not missing_headers(response)


@pytest.mark.parametrize("host", ["evil.example", "[", ""])
@pytest.mark.parametrize("redirects", [False, True])
def test_a_response_for_another_host_has_all_its_headers(
    db: None, settings: LazySettings, host: str, redirects: bool
) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_SSL_HOST = redirects, "microblog.example"
    response = Client().get("/", secure=redirects, headers={"Host": host})
    assert response.status_code == 400
    assert not missing_headers(response)


def test_the_https_redirect_leads_to_this_site_whatever_the_host_header(db: None, settings: LazySettings) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_SSL_HOST = True, "microblog.example"
    response = Client().get("/explore/", headers={"Host": "evil.example"})
    assert response["Location"] == "https://microblog.example/explore/"


def test_no_page_has_inline_scripts_or_styles(member: User, staff: User) -> None:
    archive_of(member, b"{}")
    for client in (Client(), signed_in_client(member)):
        for address in PAGES:
            page = client.get(address).content.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"", page), address


# --- Sessions -------------------------------------------------------------------------------------------


def test_signing_in_changes_the_session_key(member: User) -> None:
    client = Client()
    client.session.save()
    before = client.session.session_key
    client.cookies["sessionid"] = str(before)
    client.post("/accounts/login/", {"login": "susan", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(member.pk)
    assert client.session.session_key != before


def test_a_session_key_chosen_by_the_client_is_not_adopted(member: User) -> None:
    client = Client()
    client.cookies["sessionid"] = "mine" * 8
    client.post("/accounts/login/", {"login": "susan", "password": PASSWORD})
    assert client.cookies["sessionid"].value != "mine" * 8


@pytest.mark.parametrize("key", [r'"\000\000\000\000\000\000\000\000"', "x" * 5000, '"\\"', "../../../etc"])
def test_an_impossible_session_cookie_is_ignored(db: None, key: str) -> None:
    assert Client().get("/exports/", headers={"Cookie": f"sessionid={key}"}).status_code == 302


def test_a_new_password_ends_the_other_sessions(member: User) -> None:
    here, elsewhere = signed_in_client(member), signed_in_client(member)
    new = {"oldpassword": PASSWORD, "password1": "another-long-one", "password2": "another-long-one"}
    here.post("/accounts/password/change/", new)
    assert here.get("/exports/").status_code == 200
    assert elsewhere.get("/exports/")["Location"].startswith("/accounts/login/")
    assert elsewhere.get("/notifications/").status_code == 403


def test_a_password_that_staff_set_ends_all_sessions(member: User, staff: User) -> None:
    client = signed_in_client(member)
    form = {"usable_password": "true", "password1": "another-long-one", "password2": "another-long-one"}
    signed_in_client(staff).post(f"/admin/accounts/user/{member.pk}/password/", form)
    assert client.get("/exports/").status_code == 302


def test_cookies_are_hidden_from_scripts_and_other_sites(member: User) -> None:
    client = Client()
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": make_member().username, "password": PASSWORD})
    assert set(client.cookies) >= {"sessionid", "csrftoken"}
    for cookie in client.cookies.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert not cookie["domain"]


# --- Production -----------------------------------------------------------------------------------------


def manage(tmp_path: Path, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    production = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SITE_URL": "https://microblog.example",
        "EMAIL_URL": "smtp://mail.example",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=BASE_DIR,
        env=production | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.processes
@pytest.mark.parametrize("variables", [{}, {"BEHIND_TLS_PROXY": "on", "DATABASE_URL": "postgres://a@db.example/m"}])
def test_production_settings_pass_djangos_deployment_checks(tmp_path: Path, variables: dict[str, str]) -> None:
    result = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", ADMINS="ops@example.com", **variables)
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


SHOW = """
from django.test import Client
from django.conf import settings
from django.core.management import call_command
call_command("collectstatic", interactive=False, verbosity=0)
client = Client(headers={"host": "microblog.example"})
response = client.get("/accounts/login/", secure=True)
print(response.status_code, response["Strict-Transport-Security"])
print(client.cookies.output(header="").strip())
print(client.get("/explore/")["Location"])
print(settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.ALLAUTH_TRUSTED_PROXY_COUNT)
limits = settings.ACCOUNT_RATE_LIMITS
print(*(limits[name] for name in ("task", "message", "post", "change", "search")))
"""


@pytest.mark.processes
def test_production_requires_https_and_host_only_cookies(tmp_path: Path) -> None:
    result = manage(tmp_path, "shell", "--no-imports", "--verbosity", "0", "-c", SHOW, BEHIND_TLS_PROXY="on")
    assert result.returncode == 0, result.stderr
    hsts, cookie, location, session, limits = result.stdout.splitlines()
    assert hsts == "200 max-age=31536000; includeSubDomains"
    assert cookie.startswith("__Host-csrftoken=")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert location == "https://microblog.example/explore/"
    assert session == "__Host-sessionid True 1"
    assert limits == "20/10m/user 30/10m/user 60/10m/user 120/10m/user 60/m/ip"


def test_no_response_to_a_member_may_be_cached_by_others(staff: User) -> None:
    addresses = {re.sub("<[a-z0-9_]+>", "1", route) for route in routes()}
    client = signed_in_client(staff)
    answers = {address: client.get(address) for address in addresses}
    assert client.get("/exports/").status_code == 200  # still signed in
    said = {address: answer.headers.get("Cache-Control", "") for address, answer in answers.items()}
    assert not {address: words for address, words in said.items() if "private" not in words and "no-store" not in words}
