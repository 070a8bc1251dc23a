"""The settings that each environment leads to: each test runs the file with an environment of its own."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path
from unittest.mock import patch

import pytest
from django.conf import global_settings
from django.core.exceptions import ImproperlyConfigured

from microblog_project import environment, settings


@pytest.fixture(autouse=True)
def _own_umask() -> Iterator[None]:
    """Restore the process's umask, which the settings change."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def settings_with(var_dir: Path, *names: str, **variables: str) -> list[str]:
    """Return the settings of these names, as text, with these environment variables only."""
    known = {"PATH": os.environ["PATH"], "VAR_DIR": str(var_dir), **variables}
    with patch.dict(os.environ, known, clear=True):
        found = vars(global_settings) | run_path(settings.__file__)
    return [str(found[name]) for name in names]


def test_with_no_environment_it_is_a_development_site(tmp_path: Path) -> None:
    names = ("DEBUG", "SITE_URL", "EMAIL_BACKEND", "SESSION_COOKIE_SECURE")
    assert settings_with(tmp_path, *names) == [
        "True",
        "http://localhost:8000",
        "django.core.mail.backends.filebased.EmailBackend",
        "False",
    ]


def test_the_development_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    first, second = settings_with(tmp_path, "SECRET_KEY"), settings_with(tmp_path, "SECRET_KEY")
    assert first == second
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_secret_key_puts_the_site_in_production(tmp_path: Path) -> None:
    variables = {"SECRET_KEY": "k" * 60, "SITE_URL": "https://microblog.example/"}
    names = ("DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "SESSION_COOKIE_SECURE", "SECURE_SSL_REDIRECT")
    assert settings_with(tmp_path, *names, **variables) == [
        "False",
        "['microblog.example']",
        "['https://microblog.example']",
        "True",
        "True",
    ]


def test_debug_off_without_a_key_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY is not set. Set SECRET_KEY to a long random string"):
        settings_with(tmp_path, "DEBUG", DEBUG="off")


def test_the_port_is_in_the_sites_address(tmp_path: Path) -> None:
    assert settings_with(tmp_path, "SITE_URL", PORT="8123") == ["http://localhost:8123"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "oracel://user@host/name"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("EMAIL_URL", "carrier-pigeon://host"),
        ("EXPORT_MAX_ATTEMPTS", "three"),
        ("EXPORT_STORAGE_URL", "ftp://bucket"),
        ("EXPORT_MAX_ARCHIVES", "0"),
        ("EXPORT_NICENESS", "-1"),
        ("EXPORT_NICENESS", "15"),
        ("REAUTHENTICATION_TIMEOUT", "0"),
        ("EXPORT_ACCEL_LOCATION", "_exports"),
        ("EXPORT_ACCEL_LOCATION", "/"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        settings_with(tmp_path, "DEBUG", **{variable: value})
    assert variable in str(error.value)
    assert value in str(error.value)


def test_archives_are_the_applications_alone_unless_nginx_sends_them(tmp_path: Path) -> None:
    [alone] = settings_with(tmp_path, "STORAGES")
    [shared] = settings_with(tmp_path, "STORAGES", EXPORT_ACCEL_LOCATION="/_exports/")
    assert f"'file_permissions_mode': {0o600}, 'directory_permissions_mode': {0o700}" in alone
    assert f"'file_permissions_mode': {0o640}, 'directory_permissions_mode': {0o750}" in shared


def test_static_files_can_be_kept_apart_from_what_the_site_writes(tmp_path: Path) -> None:
    assert settings_with(tmp_path / "var", "STATIC_ROOT") == [str(tmp_path / "var" / "static")]
    assert settings_with(tmp_path / "var", "STATIC_ROOT", STATIC_ROOT=f"{tmp_path}/apart") == [f"{tmp_path}/apart"]


def test_empty_variables_count_as_unset(tmp_path: Path) -> None:
    empty = dict.fromkeys(["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"], "")
    [debug, databases] = settings_with(tmp_path, "DEBUG", "DATABASES", **empty)
    assert debug == "True"
    assert str(tmp_path / "db.sqlite3") in databases


def test_an_smtp_url_sets_the_mail_server() -> None:
    config = environment.mail({"EMAIL_URL": "smtp+tls://anna:pa%20ss@mail.example:587"})
    assert config["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert config["EMAIL_HOST"] == "mail.example"
    assert config["EMAIL_PORT"] == 587
    assert config["EMAIL_HOST_USER"] == "anna"
    assert config["EMAIL_HOST_PASSWORD"] == "pa ss"
    assert config["EMAIL_USE_TLS"] is True


def test_an_unknown_mail_provider_is_named_with_the_known_ones() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"ANYMAIL_PIGEON_KEY names no provider.*ANYMAIL_POSTMARK_"):
        environment.mail({"ANYMAIL_PIGEON_KEY": "coo"})


@pytest.mark.parametrize("module", environment.ANYMAIL_PROVIDERS)
def test_a_providers_variables_choose_its_backend(module: str) -> None:
    provider = module.upper()
    config = environment.mail({f"ANYMAIL_{provider}_API_KEY": "key"})
    assert config["EMAIL_BACKEND"] == f"anymail.backends.{module}.EmailBackend"
    assert config["ANYMAIL"] == {f"{provider}_API_KEY": "key"}
    assert find_spec(f"anymail.backends.{module}")


def test_an_smtp_url_wins_over_a_provider() -> None:
    variables = {"EMAIL_URL": "smtp://mail.example", "ANYMAIL_POSTMARK_SERVER_TOKEN": "token"}
    assert environment.mail(variables)["EMAIL_HOST"] == "mail.example"


@pytest.mark.parametrize(
    ("url", "separator"), [("redis://host:6379/0", "?"), ("unix:///run/v.sock?db=0", "&"), ("rediss://host", "?")]
)
def test_the_queue_servers_url_gets_time_outs(url: str, separator: str) -> None:
    assert environment.with_timeouts(url) == f"{url}{separator}socket_connect_timeout=3&socket_timeout=5"


def test_time_outs_of_ones_own_are_kept() -> None:
    assert environment.with_timeouts("redis://host?socket_timeout=60") == "redis://host?socket_timeout=60"


@pytest.mark.parametrize(
    ("url", "variables", "found"),
    [
        ("rediss://host", {}, False),
        ("rediss://host", {"REDIS_TLS_VERIFY": "0"}, True),
        ("redis://host", {"REDIS_TLS_VERIFY": "0"}, False),
    ],
)
def test_a_queue_servers_certificate_is_verified_unless_that_is_switched_off(
    tmp_path: Path, url: str, variables: dict[str, str], found: bool
) -> None:
    [answer] = settings_with(tmp_path, "REDIS_URL", REDIS_URL=url, **variables)
    assert answer.startswith(url)
    assert answer.endswith("&ssl_cert_reqs=none") is found


def test_the_sqlite_database_waits_for_its_lock_and_postgresql_keeps_connections() -> None:
    assert environment.database("sqlite:////tmp/db")["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert environment.database("postgres://anna@host/microblog")["CONN_MAX_AGE"] == 60


def test_postgresql_ends_what_sleeps_in_a_transaction_unless_the_url_says_otherwise() -> None:
    host = "postgres://anna@host/microblog"
    options = environment.database(host)["OPTIONS"]
    assert options["options"].startswith("-c idle_in_transaction_session_timeout=60s -c jit=off ")
    assert environment.database(f"{host}?options=-c%20a%3Db")["OPTIONS"]["options"] == "-c a=b"


def test_a_postgresql_that_stops_responding_is_given_up_before_a_page_is_or_a_task_unless_the_url_says_otherwise() -> (
    None
):
    host = "postgres://anna@host/microblog"
    options = environment.database(host)["OPTIONS"]
    assert options["connect_timeout"] + options["tcp_user_timeout"] / 1000 <= 15
    assert options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"] <= 15
    assert environment.database(f"{host}?connect_timeout=60")["OPTIONS"]["connect_timeout"] == 60
