"""Who may use the API: what opens it, what doesn't, and what ends it."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.closing.deletion import deletion_order
from accounts.closing.erasure import accounts_erase
from accounts.models import User
from api.models import ApiToken, Scope
from tasks.models import Task
from tests.api.conftest import client_of, token_of
from tests.exports.archives import archive_of
from tests.members import PASSWORD, signed_in_client
from tests.security.test_bounds import Unreadable

EXPORTS = "/api/v1/exports"
JSON = "application/json"
ANOTHER = "another-long-one"
NOWHERE = "00000000-0000-4000-8000-000000000000"
OPERATIONS = {
    ("get", "exports"): Scope.EXPORTS_READ,
    ("post", "exports"): Scope.EXPORTS_WRITE,
    ("get", "exports/{id}"): Scope.EXPORTS_READ,
    ("post", "exports/{id}/cancel"): Scope.EXPORTS_WRITE,
    ("post", "exports/{id}/retry"): Scope.EXPORTS_WRITE,
    ("get", "exports/{id}/file"): Scope.EXPORTS_DOWNLOAD,
    ("delete", "exports/{id}/file"): Scope.EXPORTS_WRITE,
    ("get", "imports"): Scope.IMPORTS_WRITE,
    ("post", "imports"): Scope.IMPORTS_WRITE,
    ("get", "imports/{id}"): Scope.IMPORTS_WRITE,
    ("post", "imports/{id}/confirm"): Scope.IMPORTS_WRITE,
    ("post", "imports/{id}/cancel"): Scope.IMPORTS_WRITE,
    ("post", "imports/{id}/retry"): Scope.IMPORTS_WRITE,
    ("post", "imports/{id}/undo"): Scope.IMPORTS_WRITE,
    ("post", "imports/{id}/discard"): Scope.IMPORTS_WRITE,
    ("get", "imports/{id}/left-out.csv"): Scope.IMPORTS_WRITE,
}
"""Every operation, and the only scope that opens it."""

each_operation = pytest.mark.parametrize(
    ("method", "path", "scope"), [(*key, scope) for key, scope in OPERATIONS.items()]
)


def address(path: str) -> str:
    return "/api/v1/" + path.format(id=NOWHERE)


def with_header(value: str) -> Client:
    return Client(headers={"Authorization": value})


def test_every_operation_is_one_of_those_that_are_looked_at_here(client: Client, db: None) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    documented = {
        (method, path.removeprefix("/api/v1/")): operation["x-scope"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert documented == OPERATIONS


@each_operation
def test_without_a_token_nothing_is_open(client: Client, db: None, method: str, path: str, scope: Scope) -> None:
    response = getattr(client, method)(address(path))
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"


@each_operation
def test_all_other_scopes_together_do_not_open_it(susan: User, method: str, path: str, scope: Scope) -> None:
    others = [other for other in Scope.values if other != scope]
    response = getattr(client_of(susan, *others), method)(address(path))
    assert (response.status_code, response.json()["code"]) == (403, "insufficient_scope")
    assert response["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'


@each_operation
def test_its_scope_alone_opens_it(susan: User, method: str, path: str, scope: Scope) -> None:
    response = getattr(client_of(susan, scope), method)(address(path))
    assert response.status_code in {200, 404, 415, 422}  # what is asked for is nowhere, or without a body


@pytest.mark.parametrize("content_type", [JSON, "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_without_a_token_no_body_is_read(client: Client, db: None, content_type: str) -> None:
    form: dict[str, Any] = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": "100", "wsgi.input": Unreadable()}
    assert client.generic("POST", EXPORTS, **form).status_code == 401


@pytest.mark.parametrize(
    "forged",
    [
        "mbt_",
        "mbt_" + "a" * 43,
        "mbt_Zm9yZ2VkLCBhcyBsb25nIGFzIGEgcmVhbCBvbmUtMDA",
        "mbt_" + "é" * 43,
        "mbt_" + "\x00" * 43,
        "x" * 5000,
        "",
        "null",
        "' OR 1=1 --",
    ],
)
def test_a_forged_token_opens_nothing(susan: User, forged: str) -> None:
    token_of(susan)
    response = with_header(f"Bearer {forged}").get(EXPORTS)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")
    assert response["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_what_the_database_holds_is_no_token(susan: User) -> None:
    secret = token_of(susan)
    digest = ApiToken.objects.get().digest
    assert digest == hashlib.sha256(secret.encode()).hexdigest()
    for stolen in (digest, f"mbt_{digest}", f"mbt_{digest[:43]}"):
        assert with_header(f"Bearer {stolen}").get(EXPORTS).status_code == 401


@pytest.mark.parametrize("change", ["{}x", "x{}", "{} {}", "{}=", "{},{}"])
def test_a_token_with_anything_added_opens_nothing(susan: User, change: str) -> None:
    secret = token_of(susan)
    assert with_header("Bearer " + change.replace("{}", secret)).get(EXPORTS).status_code == 401
    assert with_header(f"Bearer {secret}").get(EXPORTS).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", "mbt_", "Bearer:"])
def test_another_scheme_opens_nothing(susan: User, scheme: str) -> None:
    assert with_header(f"{scheme} {token_of(susan)}").get(EXPORTS).status_code == 401


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_schemes_case_is_no_matter(susan: User, scheme: str) -> None:
    assert with_header(f"{scheme} {token_of(susan)}").get(EXPORTS).status_code == 200


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "Authorization"])
def test_a_token_in_the_address_opens_nothing(client: Client, susan: User, name: str) -> None:
    assert client.get(EXPORTS, {name: token_of(susan)}).status_code == 401


def test_a_token_in_the_body_or_a_cookie_opens_nothing(client: Client, susan: User) -> None:
    secret = token_of(susan)
    client.cookies["Authorization"] = f"Bearer {secret}"
    assert client.post(EXPORTS, {"kind": "posts", "access_token": secret}, content_type=JSON).status_code == 401
    assert not Task.objects.exists()


def test_a_session_opens_nothing_and_is_not_looked_at(signed_in: Client, john: User) -> None:
    assert signed_in.get(EXPORTS).status_code == 401
    secret = token_of(john)
    response = signed_in.post(
        EXPORTS, {"kind": "posts"}, content_type=JSON, headers={"Authorization": f"Bearer {secret}"}
    )
    assert Task.objects.get().user == john
    assert not response.cookies


def test_a_token_is_no_key_to_the_pages(susan: User) -> None:
    client = client_of(susan)
    for path in ("/exports/", "/imports/", "/accounts/profile/", "/accounts/tokens/"):
        assert client.get(path)["Location"].startswith("/accounts/login/")


def test_an_expired_token_opens_nothing(susan: User) -> None:
    client = client_of(susan)
    assert client.get(EXPORTS).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now())
    assert client.get(EXPORTS).json()["code"] == "invalid_token"


def test_a_revoked_token_opens_nothing_when_it_is_sent_again(susan: User, signed_in: Client) -> None:
    client = client_of(susan)
    assert client.get(EXPORTS).status_code == 200
    signed_in.post(f"/accounts/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert client.get(EXPORTS).json()["code"] == "invalid_token"


def test_a_deactivated_members_tokens_open_nothing(susan: User) -> None:
    client = client_of(susan)
    User.objects.filter(pk=susan.pk).update(is_active=False)
    assert client.get(EXPORTS).json()["code"] == "invalid_token"
    assert client.post(EXPORTS, {"kind": "posts"}, content_type=JSON).status_code == 401
    assert not Task.objects.exists()


def test_an_erased_accounts_tokens_are_erased(susan: User) -> None:
    client = client_of(susan)
    deletion_order(user=susan)
    assert client.get(EXPORTS).status_code == 401
    accounts_erase()
    assert not User.objects.filter(pk=susan.pk).exists()
    assert not ApiToken.objects.exists()


# --- Passwords ------------------------------------------------------------------------------------------


def test_a_new_password_revokes_all_tokens(susan: User, john: User, signed_in: Client) -> None:
    theirs, another = client_of(susan), client_of(john)
    new = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    assert signed_in.post("/accounts/password/change/", new).status_code == 302
    assert theirs.get(EXPORTS).status_code == 401
    assert another.get(EXPORTS).status_code == 200


def test_a_password_that_staff_set_revokes_all_tokens(susan: User, staff: User) -> None:
    client = client_of(susan)
    form = {"usable_password": "true", "password1": ANOTHER, "password2": ANOTHER}
    signed_in_client(staff).post(f"/admin/accounts/user/{susan.pk}/password/", form)
    assert client.get(EXPORTS).status_code == 401


def test_a_password_that_staff_take_away_revokes_all_tokens(susan: User, staff: User) -> None:
    client = client_of(susan)
    form = {"usable_password": "false", "unset-password": "1"}
    signed_in_client(staff).post(f"/admin/accounts/user/{susan.pk}/password/", form)
    assert not User.objects.get(pk=susan.pk).has_usable_password()
    assert client.get(EXPORTS).status_code == 401


def test_another_change_of_the_account_revokes_nothing(susan: User) -> None:
    client = client_of(susan)
    susan.about_me = "new"
    susan.save()
    assert client.get(EXPORTS).status_code == 200


def test_a_sign_in_that_upgrades_the_hash_revokes_nothing(susan: User, settings: LazySettings) -> None:
    client, before = client_of(susan), susan.password
    upgraded = "django.contrib.auth.hashers.ScryptPasswordHasher"
    settings.PASSWORD_HASHERS = [upgraded, *settings.PASSWORD_HASHERS]
    Client().post("/accounts/login/", {"login": "susan", "password": PASSWORD})
    assert User.objects.get(pk=susan.pk).password != before
    assert client.get(EXPORTS).status_code == 200


# --- Strangers ------------------------------------------------------------------------------------------


def test_another_members_export_does_not_exist(susan: User, john: User) -> None:
    archive = archive_of(susan, b"{}")
    client, path = client_of(john), f"{EXPORTS}/{archive.task_id}"
    answers = [
        client.get(path),
        client.get(f"{path}/file"),
        client.head(f"{path}/file"),
        client.delete(f"{path}/file"),
        client.post(f"{path}/cancel"),
        client.post(f"{path}/retry"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert client.get(EXPORTS).json()["items"] == []
    archive.refresh_from_db()
    assert archive.is_available


# --- The last use ---------------------------------------------------------------------------------------


def test_the_last_use_is_written_at_most_once_a_minute(susan: User) -> None:
    client = client_of(susan)
    client.get(EXPORTS)
    first = ApiToken.objects.get().last_used_at
    assert first
    client.get(EXPORTS)
    assert ApiToken.objects.get().last_used_at == first
    earlier = first - timedelta(minutes=1)
    ApiToken.objects.update(last_used_at=earlier)
    client.get(EXPORTS)
    assert ApiToken.objects.get().last_used_at >= first  # type: ignore[operator]


def test_a_program_does_not_make_its_member_present(susan: User) -> None:
    client_of(susan).post(EXPORTS, {"kind": "posts"}, content_type=JSON)
    susan.refresh_from_db()
    assert susan.last_seen is None
