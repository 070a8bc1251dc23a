"""The world of a test run, made before Django reads its settings; a pytest plugin (`-p tests.environment`).

Every pytest process (each of pytest-xdist's workers too) gets its own VAR_DIR and its own queue server there.
With TEST_DATABASE=postgresql the run gets one throw-away PostgreSQL, else the databases are SQLite files.
Nothing of the developer's own environment reaches the tests.
"""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from core.translations import compile_messages
from development import embedded_server
from tests import migrated_database
from tests.postgresql import Cluster, PostgresUnavailableError

SETTINGS = {
    "ACCESS_LOG",
    "ADMINS",
    "ALLOWED_HOSTS",
    "API_LIMIT",
    "BEHIND_TLS_PROXY",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "DEFAULT_FROM_EMAIL",
    "DJANGO_SETTINGS_MODULE",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MAINTENANCE",
    "METRICS_TOKEN",
    "PORT",
    "PSEUDO_LOCALES",
    "REAUTHENTICATION_TIMEOUT",
    "REDIS_TLS_VERIFY",
    "REDIS_URL",
    "SECRET_KEY",
    "SERVER_EMAIL",
    "SITE_URL",
    "STATIC_ROOT",
    "TRUSTED_PROXIES",
}
SETTING_FAMILIES = ("ANYMAIL_", "AWS_", "EMAIL_", "EXPORT_", "NOTIFICATION_", "SECURE_", "SENTRY_")
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Make the world; as a wrapper, and first, this comes before pytest-django imports the settings."""
    is_xdist_worker = "PYTEST_XDIST_WORKER" in os.environ
    # A shell starts what it puts into the background with Ctrl-C ignored, and so would be what the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not is_xdist_worker:
        forget_developers_settings()
        compile_messages(embedded_server.BASE_DIR / "locale")
        if os.environ.get("TEST_DATABASE") == "postgresql":
            early_config.add_cleanup(start_postgresql().stop)
    var_dir = Path(tempfile.mkdtemp(prefix="microblog-test-")).resolve()
    early_config.add_cleanup(lambda: shutil.rmtree(var_dir, ignore_errors=True))
    os.environ["VAR_DIR"] = str(var_dir)
    os.environ["REDIS_URL"] = embedded_server.join(var_dir)
    early_config.add_cleanup(lambda: embedded_server.leave(var_dir))
    if getattr(early_config.known_args_namespace, "numprocesses", None) and not is_xdist_worker:
        early_config.add_cleanup(migrated_database.start(var_dir / "migrated", os.environ.get("DATABASE_URL", "")))
    # The tests themselves keep the processors busy: low-priority exports would take very long.
    os.environ["EXPORT_NICENESS"] = "0"
    # Playwright keeps an event loop in the main thread; Django would refuse the database there.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return (yield)


def forget_developers_settings() -> None:
    """Remove the site's settings from the environment, and proxies: the tests' servers are on this machine."""
    for name in list(os.environ):
        if name in SETTINGS or name.startswith(SETTING_FAMILIES) or name.lower().endswith("_proxy"):
            del os.environ[name]


def start_postgresql() -> Cluster:
    """Start the run's PostgreSQL; without one the run fails in CI, and is skipped elsewhere."""
    try:
        cluster = Cluster()
    except PostgresUnavailableError as error:
        if IN_CI:
            raise pytest.UsageError(f"TEST_DATABASE=postgresql: {error}") from error
        print(f"Skipped, the tests on PostgreSQL: {error}")  # noqa: T201
        sys.exit(0)  # pytest.exit() is not understood so early
    os.environ["DATABASE_URL"] = cluster.url
    return cluster


def pytest_report_header() -> str:
    """Say on which database the tests run."""
    return f"database: {os.environ.get('TEST_DATABASE') or 'sqlite'}"
